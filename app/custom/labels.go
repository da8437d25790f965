package custom

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path"
	"regexp"
	"strconv"
	"strings"

	"reterminal-vision/inference/task"
	"reterminal-vision/models"
)

// maxPacked is the most that is unpacked of a file packed behind a model, and
// maxDirectory the most that is read to find out which there are.
const (
	maxPacked    = 4 << 20
	maxDirectory = 4 << 20
)

// bounded reads so many bytes and no more.
type bounded struct {
	r    io.ReaderAt
	left int
}

func (b *bounded) ReadAt(p []byte, at int64) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("more than is read")
	}
	return b.r.ReadAt(p, at)
}

// packedLabels finds the label list that converters pack behind a model: a text
// file of lines, or the names in the description that YOLO models carry. It is
// nil when there is none; nothing packed is no error.
func packedLabels(r io.ReaderAt, size int64) ([]string, error) {
	within := &bounded{r, maxDirectory}
	archive, err := zip.NewReader(within, size)
	if err != nil {
		return nil, nil
	}
	within.left = math.MaxInt
	for _, f := range archive.File {
		name := strings.ToLower(path.Base(f.Name))
		described := name == "metadata.json" || name == "temp_meta.txt"
		if !described && !(strings.HasSuffix(name, ".txt") && strings.Contains(name, "label")) {
			continue
		}
		text, err := unpack(f)
		if err != nil {
			return nil, fmt.Errorf("the file %q packed into it %w: convert it anew", f.Name, err)
		}
		if described {
			if list := describedNames(text); list != nil {
				return list, nil
			}
			continue
		}
		list, err := readLabels(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("the label list %q packed into it %w", f.Name, err)
		}
		return list, nil
	}
	return nil, nil
}

// unpack never unpacks more than maxPacked, whatever the archive says.
func unpack(f *zip.File) ([]byte, error) {
	if f.UncompressedSize64 > maxPacked {
		return nil, fmt.Errorf("is %d MB large when unpacked, more than %d MB", f.UncompressedSize64>>20, maxPacked>>20)
	}
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxPacked+1))
	if err != nil {
		return nil, fmt.Errorf("cannot be unpacked: %w", err)
	}
	if len(text) > maxPacked {
		return nil, fmt.Errorf("is more than %d MB large when unpacked", maxPacked>>20)
	}
	return text, nil
}

var (
	namesPattern = regexp.MustCompile(`['"]names['"]\s*:\s*\{([^}]*)\}`)
	namePattern  = regexp.MustCompile(`['"]?(\d+)['"]?\s*:\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")`)
)

// describedNames reads the names of a YOLO model's description, which is
// written as JSON or as Python writes a dictionary.
func describedNames(text []byte) []string {
	names := namesPattern.FindSubmatch(text)
	if names == nil {
		return nil
	}
	numbered := map[int]string{}
	for _, m := range namePattern.FindAllSubmatch(names[1], -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			return nil
		}
		numbered[n] = strings.ReplaceAll(string(m[2])+string(m[3]), `\`, "")
	}
	return byNumber(numbered)
}

// byNumber makes a list of numbered labels, nil when the numbers are not those
// of classes.
func byNumber(numbered map[int]string) []string {
	most := -1
	for n := range numbered {
		most = max(most, n)
	}
	if most < 0 || most > 10*len(numbered)+100 {
		return nil
	}
	list := make([]string, most+1)
	for n, label := range numbered {
		list[n] = label
	}
	return list
}

var numberPattern = regexp.MustCompile(`^(\d+)[\s:,]+(\S.*)$`)

// readLabels reads a list as models.ReadLabels does, and one whose lines begin
// with the number of their class.
func readLabels(r io.Reader) ([]string, error) {
	list, err := models.ReadLabels(r)
	if err != nil {
		return nil, err
	}
	numbered := map[int]string{}
	for _, line := range list {
		m := numberPattern.FindStringSubmatch(line)
		if m == nil {
			return list, nil
		}
		n, err := strconv.Atoi(m[1])
		if _, twice := numbered[n]; twice || err != nil {
			return list, nil
		}
		numbered[n] = m[2]
	}
	if byClass := byNumber(numbered); byClass != nil {
		return byClass, nil
	}
	return list, nil
}

// chosenLabels finds the list of a choice: one of the program's by its name, a
// file, or else what is packed into the model.
func chosenLabels(choice string, d *Description, f *Fit) (list []string, builtin string, err error) {
	switch {
	case choice != "":
		if list, err := models.Labels(choice); err == nil {
			return list, choice, nil
		}
		list, err = fileLabels(choice)
		return list, "", err
	case d.Labels != nil:
		return d.Labels, "", nil
	case f.Classes == 0:
		return nil, "", fmt.Errorf("does not say how many classes it tells apart: name a file with their labels, a label a line, or one of the lists %s", strings.Join(models.LabelLists(), ", "))
	}
	for i := range f.Classes {
		list = append(list, fmt.Sprintf("Class %d", i))
	}
	return list, "", nil
}

func fileLabels(name string) ([]string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("label list %s: %w: name a file that is there, or one of the lists %s", name, plain(err), strings.Join(models.LabelLists(), ", "))
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("label list %s: is not a file: name a text file, a label a line", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("label list %s: %w: check that this user may read it", name, plain(err))
	}
	defer f.Close()
	list, err := readLabels(f)
	if err != nil {
		return nil, fmt.Errorf("label list %s: %w", name, err)
	}
	return list, nil
}

// matchLabels finds at which line of the list class 0 stands, or says how the
// list does not go with the network.
func matchLabels(list []string, f *task.Fit) (offset int, err error) {
	n := len(list)
	first := strings.ToLower(list[0])
	background := first == "background" || first == "???" || first == ""
	rule := f.Labels
	switch {
	case rule.Open:
		// Such detectors number from the first thing that is not background.
		if first == "background" || first == "???" {
			offset = 1
		}
		if n-offset < rule.AtLeast {
			return 0, fmt.Errorf("the labels are %d, and the network tells %d classes apart: add the missing lines, \"-\" for a number not in use", n-offset, rule.AtLeast)
		}
	case f.Classes == 0:
		if n < 2 || n > 256 {
			return 0, fmt.Errorf("the labels are %d, and a map has 2 to 256 classes, the background first", n)
		}
	case n == f.Classes+1 && background && rule.SkipsBackground:
		offset = 1
	case n == f.Classes-1 && rule.CountsBackground:
		return 0, fmt.Errorf("the labels are %d, and the network tells %d classes apart: if the first is the background, add a first line \"background\"", n, f.Classes)
	case n != f.Classes:
		return 0, fmt.Errorf("the labels are %d, and the network tells %d classes apart: give a list with a line for each", n, f.Classes)
	}
	if err := named(list[offset:]); err != nil {
		return 0, err
	}
	return offset, nil
}

// named refuses a list without any label.
func named(list []string) error {
	for _, label := range list {
		if label != "" {
			return nil
		}
	}
	return errors.New("the labels are all empty: write a label a line")
}
