package commands

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"reterminal-vision/app/cli"
	"reterminal-vision/app/config"
	"reterminal-vision/app/paths"
	"reterminal-vision/app/people"
	"reterminal-vision/app/pipeline"
	"reterminal-vision/app/roster"
	"reterminal-vision/camera"
	"reterminal-vision/inference"
	"reterminal-vision/inference/recognize"
)

const peopleUsage = `Usage: reterminal-vision people COMMAND

  list                             everybody who is enrolled
  add NAME --consent PICTURE...    enrol a person, who agreed to it, from pictures that show one clear face each
  add NAME --consent --source S [--shots N]
                                   the same from the live view of a camera (default: auto, 5 shots)
  rename NAME NEW                  give a person another name
  delete NAME                      delete a person and every picture and number kept of them
  export FILE [--passphrase]       write everybody to a file, encrypted with a passphrase that is asked for;
                                   without, whoever has the file can read it: keep it safe
  import FILE [--replace]          add the people of a file, or put them in the place of all; asks for a passphrase
                                   where the file is encrypted

  --db FILE          database (default: $RTV_PEOPLE, else ~/.local/share/reterminal-vision/people.db); its key is
                     $RTV_PEOPLE_KEY, else FILE.key
  --models-dir DIR   folder with the models
`

// peopleArgs is the command line of one people command.
type peopleArgs struct {
	cfg     config.Config
	db      string
	ours    bool // db is the app's own
	shots   int
	replace bool
	consent bool
	secret  bool // exports are encrypted
	words   []string
}

// People runs "reterminal-vision people ARGS".
func People(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, peopleUsage)
		return cli.Usagef("name a command")
	}
	a, err := parsePeople(args, stderr)
	if err != nil {
		return err
	}
	if a.ours = a.db == ""; a.ours {
		if a.db, err = paths.People(); err != nil {
			return err
		}
	}
	var shots []people.Shot
	if a.words[0] == "add" { // may take a minute, in which the database is free for others
		if shots, err = a.takeShots(ctx, stdout); err != nil {
			return err
		}
	}
	passphrase, err := a.passphrase(stderr)
	if err != nil {
		return err
	}
	open := people.Open
	if a.ours {
		open = roster.Open
	}
	store, err := open(a.db)
	if err != nil {
		return err
	}
	defer store.Close()
	return a.do(store, shots, passphrase, stdout, stderr)
}

// passphrase asks for one where the command takes one; "" where it does not.
func (a peopleArgs) passphrase(stderr io.Writer) (string, error) {
	switch a.words[0] {
	case "export":
		if a.secret {
			return askPassphrase(stderr, true)
		}
	case "import":
		locked, err := people.Encrypted(a.words[1])
		if err != nil {
			return "", err
		}
		if locked {
			return askPassphrase(stderr, false)
		}
	}
	return "", nil
}

// parsePeople reads flags wherever they stand, and checks the number of words.
func parsePeople(args []string, stderr io.Writer) (peopleArgs, error) {
	a := peopleArgs{cfg: config.Config{Source: "auto", Threads: config.DefaultThreads(), Delegate: inference.XNNPACK, Raw: true}}
	fs := cli.NewFlags("people", peopleUsage, stderr)
	fs.StringVar(&a.db, "db", "", "")
	fs.StringVar(&a.cfg.ModelsDir, "models-dir", "", "")
	fs.StringVar(&a.cfg.Source, "source", "auto", "")
	fs.IntVar(&a.shots, "shots", 5, "")
	fs.BoolVar(&a.replace, "replace", false, "")
	fs.BoolVar(&a.consent, "consent", false, "")
	fs.BoolVar(&a.secret, "passphrase", false, "")
	fs.Usage = func() { fmt.Fprint(stderr, peopleUsage) }
	for len(args) > 0 {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return a, err
			}
			return a, cli.UsageError{Err: err}
		}
		args = fs.Args()
		if len(args) > 0 {
			a.words, args = append(a.words, args[0]), args[1:]
		}
	}
	if len(a.words) == 0 {
		return a, cli.Usagef("name a command")
	}
	want := map[string][2]int{"list": {1, 1}, "add": {2, 2 + people.MaxShots}, "rename": {3, 3}, "delete": {2, 2}, "export": {2, 2}, "import": {2, 2}}
	switch n, ok := want[a.words[0]]; {
	case !ok:
		return a, cli.Usagef("no command %q: see 'reterminal-vision people --help'", a.words[0])
	case len(a.words) < n[0] || len(a.words) > n[1]:
		return a, cli.Usagef("people %s: see 'reterminal-vision people --help'", a.words[0])
	case a.words[0] == "add" && !a.consent:
		return a, cli.Usagef("people add: ask the person first: with --consent you say that %s agreed to pictures of the face, and numbers made from them, being kept on this device", a.words[1])
	case a.shots < 1 || a.shots > people.MaxShots:
		return a, cli.Usagef("--shots %d: choose 1 to %d", a.shots, people.MaxShots)
	}
	return a, nil
}

func (a peopleArgs) do(store *people.Store, shots []people.Shot, passphrase string, stdout, stderr io.Writer) error {
	switch a.words[0] {
	case "list":
		return listPeople(store, stdout)
	case "add":
		return addPerson(store, a.words[1], shots, stdout)
	case "rename":
		p, err := personNamed(store, a.words[1])
		if err == nil {
			_, err = store.Rename(p.ID, a.words[2])
		}
		return err
	case "delete":
		p, err := personNamed(store, a.words[1])
		if err == nil {
			err = store.Delete(p.ID)
		}
		return err
	case "export":
		if passphrase == "" {
			fmt.Fprintf(stderr, "reterminal-vision: whoever has %s can read it; with --passphrase it would be encrypted\n", a.words[1])
		}
		return store.ExportFile(a.words[1], passphrase)
	}
	mode := people.Merge
	if a.replace {
		mode = people.Replace
	}
	added, updated, err := store.ImportFile(a.words[1], passphrase, mode)
	if err == nil && a.ours {
		err = roster.Expire(store) // what comes in may be as old as it likes, or from the future
	}
	if err == nil {
		fmt.Fprintf(stdout, "%d people added, %d updated\n", added, updated)
	}
	return err
}

func listPeople(store *people.Store, stdout io.Writer) error {
	t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tSHOTS\tSINCE\tCONSENT\tID")
	for _, p := range store.List() {
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n", p.Name, len(p.Shots), day(p.Created), day(p.Consent), p.ID)
	}
	return t.Flush()
}

// day is a date in this place, "-" for none.
func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format(time.DateOnly)
}

var errNobody = errors.New("nobody is enrolled")

// personNamed finds the one person of a name or an ID.
func personNamed(store *people.Store, name string) (people.Person, error) {
	var found []people.Person
	for _, p := range store.List() {
		if p.ID == name {
			return p, nil
		}
		if strings.EqualFold(p.Name, name) {
			found = append(found, p)
		}
	}
	switch len(found) {
	case 0:
		return people.Person{}, fmt.Errorf("%w as %q: see 'reterminal-vision people list'", errNobody, name)
	case 1:
		return found[0], nil
	}
	return people.Person{}, fmt.Errorf("%d people are called %q: give the ID that 'reterminal-vision people list' shows", len(found), name)
}

// takeShots examines the pictures named, or the source; it takes all shots or
// none.
func (a peopleArgs) takeShots(ctx context.Context, stdout io.Writer) ([]people.Shot, error) {
	task, err := roster.OpenDemo(ctx, a.cfg, "recognition")
	if err != nil {
		return nil, err
	}
	defer task.Close()
	recognizer := task.Recognizer
	if recognizer == nil {
		return nil, errors.New("the demo recognition does not recognise")
	}
	if pictures := a.words[2:]; len(pictures) > 0 {
		return examinePictures(recognizer, pictures)
	}
	return a.examineSource(ctx, recognizer, stdout)
}

// addPerson enrols a person; a name that is there already gets more shots.
func addPerson(store *people.Store, name string, shots []people.Shot, stdout io.Writer) error {
	did := "is enrolled with"
	p, err := personNamed(store, name)
	switch {
	case err == nil:
		did = "now has"
		p, err = store.AddShots(p.ID, shots...)
	case errors.Is(err, errNobody):
		p, err = store.Add(name, shots...)
	}
	if err != nil {
		return err
	}
	shotsOf := "shots"
	if len(p.Shots) == 1 {
		shotsOf = "shot"
	}
	fmt.Fprintf(stdout, "%s %s %d %s\n", p.Name, did, len(p.Shots), shotsOf)
	return nil
}

func examinePictures(task *recognize.Task, pictures []string) (shots []people.Shot, err error) {
	for _, file := range pictures {
		f, err := camera.ReadStill(file)
		if err != nil {
			return nil, err
		}
		captured, err := task.Examine(f)
		f.Release()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		shot, err := people.NewShot(captured, time.Now())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		shots = append(shots, shot)
	}
	return shots, nil
}

// Times of enrolment from a live view.

// examineSource takes shots of the face before a camera, telling what keeps
// it from them.
func (a peopleArgs) examineSource(ctx context.Context, task *recognize.Task, stdout io.Writer) (shots []people.Shot, err error) {
	ctx, cancel := context.WithTimeout(ctx, roster.EnrolWithin)
	defer cancel()
	source, _, err := pipeline.OpenSource(ctx, a.cfg, "", camera.Options{Paced: true, Loop: true})
	if err != nil {
		return nil, err
	}
	defer source.Close()
	var told error
	for next := time.Now(); len(shots) < a.shots; {
		f, err := source.Read(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return nil, fmt.Errorf("%d of %d shots in %v: try again in better light, with fewer --shots, or with pictures", len(shots), a.shots, roster.EnrolWithin)
			}
			return nil, err
		}
		if time.Now().Before(next) {
			f.Release()
			continue
		}
		captured, err := task.Examine(f)
		f.Release()
		var fault recognize.Fault
		switch {
		case errors.As(err, &fault):
			if err != told {
				fmt.Fprintln(stdout, fault.Error())
			}
			told = err
			continue
		case err != nil:
			return nil, err
		}
		shot, err := people.NewShot(captured, time.Now())
		if err != nil {
			return nil, err
		}
		shots, next, told = append(shots, shot), time.Now().Add(roster.ShotPause), nil
		fmt.Fprintf(stdout, "shot %d of %d\n", len(shots), a.shots)
	}
	return shots, nil
}
