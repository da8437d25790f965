package attribute

import (
	"strconv"

	"reterminal-vision/inference"
)

// Unsure is the answer where no label is probable enough to be named.
const Unsure = "unsure"

// HeadOutput is one thing a head tells of a face, in numbers: a probability for
// each label or, without labels, an age in years.
type HeadOutput struct {
	Name   string   // of the attribute: "age", "gender", "emotion", "liveness"
	Labels []string // as shown, in the order of the network's classes
	// MinProbability is the least probability at which each label is named; below it the
	// answer is Unsure. Without it the most probable label always is.
	MinProbability []float32
	// Smooth is the time constant, in frames, of the exponential mean of a track's
	// numbers; a track's first looks count alike until they span it. 0 leaves it to
	// Config.Smoothing.
	Smooth int
}

// Len is how many numbers belong to the question.
func (q *HeadOutput) Len() int { return max(len(q.Labels), 1) }

// none stands for the answer to a question that was not answered before.
const none = -1

// answer words the numbers p. shown is the answer given before, which stays
// until another label is more probable by hold, or an age is off by more than
// yearsHeld; it returns the one to be shown next. The attribute's score is the
// probability of the label named, that of the first label when Unsure, and 0
// for an age.
func (q *HeadOutput) answer(p []float32, shown int, hold float32) (int, inference.Attribute) {
	if len(q.Labels) == 0 {
		shown = steadyYears(p[0], shown)
		return shown, inference.Attribute{Name: q.Name, Value: years[shown]}
	}
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	held := shown >= 0 && shown < len(p) && p[best] <= p[shown]+hold
	if held {
		best = shown
	}
	if len(q.MinProbability) > 0 {
		need := q.MinProbability[best]
		if held {
			need -= hold
		}
		if p[best] < need {
			return len(p), inference.Attribute{Name: q.Name, Value: Unsure, Score: p[0]}
		}
	}
	return best, inference.Attribute{Name: q.Name, Value: q.Labels[best], Score: p[best]}
}

// yearsHeld is how far an age may wander from the one shown.
const yearsHeld = 1.5

// steadyYears rounds an age to one that years has a word for.
func steadyYears(age float32, shown int) int {
	age = min(max(age, 0), float32(len(years)-1))
	if shown >= 0 && age > float32(shown)-yearsHeld && age < float32(shown)+yearsHeld {
		return shown
	}
	return int(age + .5)
}

// years are the ages as shown, made once.
var years = func() (words [121]string) {
	for i := range words {
		words[i] = strconv.Itoa(i) + " years"
	}
	words[1] = "1 year"
	return words
}()
