// Package phrases is what the interface says by itself, in the language in use.
//
// In: a language of assets/lang; out: Now. Package ui and the packages beneath
// it import it; of ours it imports assets/lang. UI goroutine.
package phrases

import (
	"cmp"
	"log/slog"
	"reflect"

	"reterminal-vision/assets/lang"
)

// Words is everything the interface says by itself, in one language.
type Words struct {
	Tagline                 string
	NotReady                string
	Back, Home, Retry, Quit string
	Starting                string // before a demo's title
	Fps, Latency, Network   string
	InView, NothingInView   string
	Guesses, Scene, More    string
	Builtin                 string
	Display                 string
	Remedy                  string

	CameraLoses string // takes how many pictures were lost, and damaged

	Processor, Throttled      string
	Adjust                    string
	Freeze, GoOn, SaveIt, Why string
	Touch                     string
	PinShort                  string
	FpsHere                   string // takes the rate

	People, AddPerson, Nobody      string
	NewPerson, NewName, NameHint   string
	Consent                        string
	Start, Save, Cancel, Done      string
	Rename, Forget, Keep, Pictures string
	ForgetQuestion                 string // takes the name
	OnePicture, ManyPictures       string // the second takes the number
	Since                          string // takes the date
	NotKnown                       string
	Enrolling, Enrolled            string // take the name
}

var english = Words{
	Tagline:  "Understands what it sees, offline",
	NotReady: "Not ready",
	Back:     "Back", Home: "Home", Retry: "Try again", Quit: "Quit",
	Starting: "Starting",
	Fps:      "FPS", Latency: "latency", Network: "network",
	InView: "In view now", NothingInView: "Nothing detected",
	Guesses: "Best guesses", Scene: "In the picture", More: "more",
	Builtin: "Showing built-in footage",
	Display: "screen",
	Remedy:  "What to do",

	CameraLoses: "%d lost, %d damaged",
	Processor:   "processor", Throttled: "throttled",
	Adjust: "Adjust",
	Freeze: "Freeze", GoOn: "Go on", SaveIt: "Save", Why: "About",
	Touch:    "Touch the screen",
	PinShort: "A PIN has four to eight digits.",
	FpsHere:  "%s FPS on this device",

	People: "People", AddPerson: "Add a person", Nobody: "Nobody is enrolled yet. Add a person, and the camera recognises the face from then on.",
	NewPerson: "Who is it?", NewName: "New name", NameHint: "Name",
	Consent: "With this person's consent: five small face pictures and their embeddings stay on this device until they are deleted here.",
	Start:   "Start", Save: "Save", Cancel: "Cancel", Done: "Done",
	Rename: "Rename", Forget: "Delete", Keep: "Keep", Pictures: "New pictures",
	ForgetQuestion: "Delete %s with all face pictures and embeddings? This cannot be undone.",
	OnePicture:     "1 picture", ManyPictures: "%d pictures",
	Since:     "since %s",
	NotKnown:  "Needs new pictures",
	Enrolling: "Enrolling %s", Enrolled: "%s is known from now on.",
}

// Now is the language in use.
var Now = english

// Speak takes up a language of assets/lang. UI goroutine.
func Speak(tag string) {
	if err := lang.Set(cmp.Or(tag, "en")); err != nil {
		slog.Error("language", "error", err)
	}
	Now = english
	fields := reflect.ValueOf(&Now).Elem()
	for i := range fields.NumField() {
		fields.Field(i).SetString(lang.Name(fields.Field(i).String()))
	}
}
