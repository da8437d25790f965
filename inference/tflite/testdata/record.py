"""Records what ai-edge-litert reads in each model, for the test to compare with.

    pip install ai-edge-litert && python record.py FOLDER_OF_MODELS > models.json
"""
import hashlib
import json
import pathlib
import sys

from ai_edge_litert import schema_py_generated as schema

NAMES = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
TYPES = {v: k for k, v in vars(schema.TensorType).items() if isinstance(v, int)}


def text(s):
    return s.decode() if s else ""


def ints(n, get):
    return [int(get(i)) for i in range(n)]


def tensor_line(model, t):
    q = t.Quantization()
    zeros = ints(q.ZeroPointLength(), q.ZeroPoint) if q and q.ScaleLength() else []
    size = model.Buffers(t.Buffer()).DataLength() if t.Buffer() else 0
    return "%s %s %s %s %d %d %s %d" % (
        text(t.Name()), ints(t.ShapeLength(), t.Shape), ints(t.ShapeSignatureLength(), t.ShapeSignature),
        TYPES[t.Type()], size, q.ScaleLength() if q else 0, sum(zeros), t.Sparsity() is not None)


def operator_line(model, o):
    c = model.OperatorCodes(o.OpcodeIndex())
    code = max(c.BuiltinCode(), c.DeprecatedBuiltinCode())
    name = text(c.CustomCode()) if code == schema.BuiltinOperator.CUSTOM else NAMES[code]
    return "%d %s %d %s %s" % (code, name, c.Version(), ints(o.InputsLength(), o.Inputs),
                               ints(o.OutputsLength(), o.Outputs))


def graph(model, g):
    tensors = [tensor_line(model, g.Tensors(i)) for i in range(g.TensorsLength())]
    operators = [operator_line(model, g.Operators(i)) for i in range(g.OperatorsLength())]
    digest = lambda lines: hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]
    return {"name": text(g.Name()), "inputs": ints(g.InputsLength(), g.Inputs),
            "outputs": ints(g.OutputsLength(), g.Outputs),
            "tensors": len(tensors), "tensor_digest": digest(tensors), "first_tensor": tensors[0],
            "operators": len(operators), "operator_digest": digest(operators), "first_operator": operators[0]}


def main(folder):
    out = {}
    for path in sorted(pathlib.Path(folder).glob("*.tflite")):
        m = schema.Model.GetRootAs(path.read_bytes(), 0)
        out[path.name] = {
            "version": m.Version(), "description": text(m.Description()),
            "metadata": [text(m.Metadata(i).Name()) for i in range(m.MetadataLength())],
            "graphs": [graph(m, m.Subgraphs(i)) for i in range(m.SubgraphsLength())]}
    print(json.dumps(out, indent=1))


main(sys.argv[1])
