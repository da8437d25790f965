package ui

// words is everything the interface says by itself, in one language.
type words struct {
	tagline                 string
	notReady                string
	back, home, retry, quit string
	starting                string // before a demo's title
	fps, latency, network   string
	inView, nothingInView   string
	guesses, scene, more    string
	builtin                 string
	source, model, display  string
	remedy                  string

	camera      string
	cameraLoses string // takes how many pictures were lost, and damaged

	people, addPerson, nobody      string
	newPerson, newName, nameHint   string
	consent                        string
	start, save, cancel, done      string
	rename, forget, keep, pictures string
	forgetQuestion                 string // takes the name
	onePicture, manyPictures       string // the second takes the number
	since                          string // takes the date
	notKnown                       string
	enrolling, enrolled            string // take the name
}

var english = words{
	tagline:  "Understands what it sees, offline",
	notReady: "Not ready",
	back:     "Back", home: "Home", retry: "Try again", quit: "Quit",
	starting: "Starting",
	fps:      "FPS", latency: "latency", network: "network",
	inView: "In view now", nothingInView: "Nothing it knows is in view",
	guesses: "Best guesses", scene: "In the picture", more: "more",
	builtin: "Showing built-in footage",
	source:  "Source", model: "Model", display: "screen",
	remedy: "What to do",

	camera: "Camera", cameraLoses: "%d lost, %d damaged",

	people: "People", addPerson: "Add a person", nobody: "Nobody has been introduced yet. Add a person, and the camera knows the face from then on.",
	newPerson: "Who is it?", newName: "New name", nameHint: "Name",
	consent: "With this person's consent: five small pictures of the face, and numbers made from them, stay on this device until they are deleted here.",
	start:   "Start", save: "Save", cancel: "Cancel", done: "Done",
	rename: "Rename", forget: "Delete", keep: "Keep", pictures: "New pictures",
	forgetQuestion: "Delete %s, with all pictures and numbers of the face? This cannot be undone.",
	onePicture:     "1 picture", manyPictures: "%d pictures",
	since:     "since %s",
	notKnown:  "Needs new pictures",
	enrolling: "Getting to know %s", enrolled: "%s is known from now on.",
}

// say is the language in use.
var say = english
