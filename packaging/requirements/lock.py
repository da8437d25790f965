"""Writes NAME.txt for each NAME.in: all that it asks for and needs, of one version with the hashes of its files, as pip
chooses them for each Python given and for Linux on x86_64 and aarch64: lock.py "PYTHON PYTHON..." NAME.in...
What is not for all of them has an environment marker. The comment before a package is the Python that it says it needs."""
import json, os, subprocess, sys, tempfile
from pathlib import Path

MACHINES = ["x86_64", "aarch64"]
# pip takes its word for the machine from these two, so that one machine resolves for both.
PIP = "import platform, runpy, sys; platform.machine = lambda: {machine!r}; runpy.run_module('pip', run_name='__main__')"


def resolve(python, machine, wanted):
    """pip's report of what it would install: list of packages, each with metadata and the file chosen."""
    with tempfile.TemporaryDirectory() as tmp:
        report = Path(tmp, "report.json")
        subprocess.run([python, "-c", PIP.format(machine=machine), "install", "--quiet", "--dry-run", "--ignore-installed",
                        "--report", report, "-r", wanted],
                       env={**os.environ, "_PYTHON_HOST_PLATFORM": f"linux-{machine}"}, check=True)
        return json.loads(report.read_text())["install"]


def version_of(python):
    """'3.11'"""
    return subprocess.check_output([python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True).strip()


def minor(version):
    return int(version.split(".")[1])


def marker(versions, machines, pythons):
    """What holds for just these of the pythons and MACHINES; versions are neighbours in pythons."""
    parts = []
    if versions[0] != pythons[0]:
        parts.append(f'python_version >= "{versions[0]}"')
    if versions[-1] != pythons[-1]:
        parts.append(f'python_version < "{pythons[pythons.index(versions[-1]) + 1]}"')
    if machines != MACHINES:
        parts.append(f'platform_machine == "{machines[0]}"')
    return " and ".join(parts)


def groups(where, pythons):
    """The (python, machine) pairs as lists of neighbouring pythons that have the same machines."""
    found = []
    for version in pythons:
        machines = [m for m in MACHINES if (version, m) in where]
        if found and found[-1][1] == machines:
            found[-1][0].append(version)
        else:
            found.append(([version], machines))
    return [(versions, machines) for versions, machines in found if machines]


def lock(wanted, pythons):
    """pythons: interpreter by version, ascending."""
    packages = {}  # by name and version: the Python it needs, files' hashes, where it is wanted
    for version, python in pythons.items():
        for machine in MACHINES:
            for item in resolve(python, machine, wanted):
                meta = item["metadata"]
                key = meta["name"].lower().replace("_", "-").replace(".", "-"), meta["version"]
                package = packages.setdefault(key, {"needs": meta.get("requires_python", ""), "hashes": set(), "where": set()})
                package["hashes"].add(item["download_info"]["archive_info"]["hashes"]["sha256"])
                package["where"].add((version, machine))
    lines = [f"# What {wanted.name} asks for, with all that it needs, for Python {' and '.join(pythons)} on {' and '.join(MACHINES)}. "
             "Made by make lock."]
    for (name, number), package in sorted(packages.items()):
        for versions, machines in groups(package["where"], list(pythons)):
            condition = marker(versions, machines, list(pythons))
            lines.append(f"# requires-python {package['needs'] or 'any'}")
            lines.append(" \\\n    ".join([f"{name}=={number}" + (f" ; {condition}" if condition else "")] +
                                          [f"--hash=sha256:{h}" for h in sorted(package["hashes"])]))
    wanted.with_suffix(".txt").write_text("\n".join(lines) + "\n")


interpreters = {version_of(p): p for p in sys.argv[1].split()}
for file in sys.argv[2:]:
    lock(Path(file), dict(sorted(interpreters.items(), key=lambda entry: minor(entry[0]))))
