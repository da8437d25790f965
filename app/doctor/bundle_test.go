package doctor

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"reterminal-vision/camera"
	"reterminal-vision/models"
)

// TestBundle has a machine whose logs tell too much.
func TestBundle(t *testing.T) {
	root := tree(t, map[string]string{
		"etc/os-release":                     "NAME=Debian\n",
		"proc/cpuinfo":                       "Model\t: Raspberry Pi\nSerial\t\t: 10000000abcdef01\nRevision\t: d03114\n",
		"proc/cmdline":                       "\xff\xd8\xff\xe0 a picture \xfe",
		"proc/device-tree/model":             "reTerminal\x00",
		"home/settings.json":                 `{"language":"de","pin":"$argon2$secret"}`,
		"etc/reterminal-vision/kiosk.conf":   "ROTATE=90\n",
		"sys/class/thermal/thermal_zone0/no": "",
	})
	long := strings.Repeat("x", bundleTextMost)
	run := func(_ context.Context, name string, args ...string) (string, error) {
		switch {
		case name == "journalctl" && strings.Contains(strings.Join(args, " "), "--unit"):
			return "gone " + long + `msg="hello Ada Lovelace" name="J\"rg" Ada` + "\n", nil
		case name == "journalctl":
			return "uvcvideo: Ada's camera\nusb 1-1: SerialNumber: 9F22E1\nsmsc95xx.macaddr=DC:A6:32:01:0a:ff up, board 10000000abcdef01\n", nil
		}
		return "", errors.New("there is no " + name)
	}
	var out bytes.Buffer
	err := WriteBundle(t.Context(), &out, Options{
		Root: root, DataDir: root, Store: &models.Store{Dir: t.TempDir()}, Catalogue: ownModels(t),
		Cameras: func() []camera.Device { return []camera.Device{{Name: "HD Webcam", Path: "/dev/video0"}} },
	}, []Check{{ID: "camera", Name: "Camera", State: Warn, Detail: "Ada Lovelace holds it"}}, Report{
		Version: "1.2.3", Settings: filepath.Join(root, "home/settings.json"), Names: []string{"Ada", "Ada Lovelace", `J"rg`, " "}, Run: run,
		Kiosk: []byte(`{"keep":30,"pin":"$argon2$secret"}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{}
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if kind := http.DetectContentType(text); !strings.HasPrefix(kind, "text/") {
			t.Errorf("%s is %s", f.Name, kind)
		}
		for _, secret := range []string{"Ada", "Lovelace", "J\\\"rg", "argon2", "abcdef01", "gone", "picture", "9F22E1", "32:01", "1234"} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s tells %q", f.Name, secret)
			}
		}
		texts[strings.TrimPrefix(f.Name, "report/")] = string(text)
	}
	for name, want := range map[string]string{
		"version.txt": "1.2.3", "doctor.json": `"state": "warn"`, "cameras.json": "HD Webcam", "people.json": `"enrolled": 4`,
		"settings.json": `"pin": "(set)"`, "log.txt": `msg="hello (person)" name="(person)" (person)`, "kernel.txt": "uvcvideo: (person)'s camera\nusb 1-1: SerialNumber: (serial)\nsmsc95xx.macaddr=(address) up, board (serial)",
		"kiosk-settings.json":  `"keep": 30`,
		"machine/proc/cpuinfo": "Revision", "machine/proc/device-tree/model": "reTerminal", "machine/etc/reterminal-vision/kiosk.conf": "ROTATE=90",
		"models.txt": "missing", "missing.txt": "packages.txt: there is no dpkg-query",
	} {
		if !strings.Contains(texts[name], want) {
			t.Errorf("%s lacks %q", name, want)
		}
	}
	if !strings.Contains(texts["missing.txt"], "/proc/cmdline") || texts["machine/proc/cmdline"] != "" {
		t.Errorf("what is no text: %q", texts["missing.txt"])
	}
}

// TestBundleWithoutLogs has logs that may not be read, or told.
func TestBundleWithoutLogs(t *testing.T) {
	hint := "Hint: You are currently not seeing messages from other users and the system.\n"
	for _, tt := range []struct {
		name   string
		text   string
		err    error
		noLogs error
		want   string // in missing.txt
	}{
		{"no journal may be opened", "No journal files were opened due to insufficient permissions.\n", nil, nil, "log.txt: this user may not read the journal"},
		{"one's own lines alone", hint + "a line\n", nil, nil, "kernel.txt: this user may not read the journal"},
		{"journalctl fails", "half a line", errors.New("exit status 1"), nil, "log.txt: exit status 1"},
		{"names that are not known", "hello Ada\n", nil, errors.New("the key is gone"), "service.txt: left out, as the names in it are not known: the key is gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run := func(_ context.Context, name string, _ ...string) (string, error) {
				switch name {
				case "journalctl":
					return tt.text, tt.err
				case "systemctl":
					return "inactive Ada\n", errors.New("exit status 3")
				}
				return "", errors.New("there is no " + name)
			}
			var out bytes.Buffer
			if err := WriteBundle(t.Context(), &out, Options{Root: t.TempDir(), Store: &models.Store{Dir: t.TempDir()}, Catalogue: &models.Catalogue{},
				Cameras: func() []camera.Device { return nil }}, nil, Report{Run: run, NoLogs: tt.noLogs}); err != nil {
				t.Fatal(err)
			}
			archive, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"log.txt", "kernel.txt"} {
				if _, err := archive.Open("report/" + name); err == nil {
					t.Errorf("%s is there", name)
				}
			}
			if _, err := archive.Open("report/service.txt"); (err == nil) != (tt.noLogs == nil) {
				t.Errorf("service.txt: %v", err)
			}
			missing, err := archive.Open("report/missing.txt")
			if err != nil {
				t.Fatal(err)
			}
			if text, err := io.ReadAll(missing); err != nil || !strings.Contains(string(text), tt.want) {
				t.Errorf("%q is not in %s", tt.want, text)
			}
		})
	}
}

func TestGPU(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		links map[string]string
		want  State
		words []string
	}{
		{"none", nil, nil, Warn, []string{"there is none", "vc4-kms-v3d"}},
		{"a display alone", map[string]string{"dev/dri/card0": ""}, map[string]string{"sys/class/drm/card0/device/driver": "/x/bochs-drm"}, Warn, []string{"bochs-drm has no GPU"}},
		{"one", map[string]string{"dev/dri/renderD128": ""}, map[string]string{"sys/class/drm/renderD128/device/driver": "/x/v3d"}, Pass, []string{"v3d at "}},
		{"one that failed", map[string]string{"dev/dri/renderD128": "", "run/reterminal-vision/plain": ""},
			map[string]string{"sys/class/drm/renderD128/device/driver": "/x/v3d"}, Warn, []string{"draws without v3d", "kiosk on"}},
		{"one that is shut", nil, map[string]string{"dev/dri/renderD128": "absent/"}, Warn, []string{"usermod -aG render"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			root := tree(t, tt.files)
			for at, to := range tt.links {
				link(t, to, filepath.Join(root, at))
			}
			expect(t, newExamination(Options{Root: root}).gpu(t.Context()), tt.want, tt.words...)
		})
	}
}
