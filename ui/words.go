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
}

// say is the language in use.
var say = english
