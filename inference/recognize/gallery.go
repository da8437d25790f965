package recognize

import (
	"fmt"
	"math"
	"strings"
)

// Person is someone the gallery knows, by the vectors of several shots.
type Person struct {
	ID, Name string
	Vectors  [][]float32
}

// Gallery is a set of known people, for vectors of one model. It never
// changes; any number of goroutines may use it.
type Gallery struct {
	model   string
	n       int
	people  []entry
	vectors []float32 // unit vectors, those of a person one after the other
}

type entry struct {
	id, name    string
	first, last int // vectors
}

// Match is the known person whom a face resembles most.
type Match struct {
	ID, Name string  // "" in an empty gallery
	Score    float32 // cosine, -1 in an empty gallery
	Second   float32 // score of the next person of another name, -1 without
}

// NewGallery takes the people with at least one vector; it copies what it
// needs. All vectors must have one length and a direction.
func NewGallery(model string, people []Person) (*Gallery, error) {
	g := &Gallery{model: model}
	for _, p := range people {
		if len(p.Vectors) == 0 {
			continue
		}
		if g.n == 0 {
			g.n = len(p.Vectors[0])
		}
		e := entry{id: p.ID, name: p.Name, first: len(g.vectors) / max(g.n, 1)}
		for _, v := range p.Vectors {
			start := len(g.vectors)
			g.vectors = append(g.vectors, v...)
			if len(v) != g.n || !normalize(g.vectors[start:]) {
				return nil, fmt.Errorf("gallery: an embedding of %s is not a direction in %d dimensions", p.Name, g.n)
			}
		}
		e.last = len(g.vectors) / g.n
		g.people = append(g.people, e)
	}
	return g, nil
}

// Model is the ID of the network whose vectors the gallery holds.
func (g *Gallery) Model() string { return g.model }

// Len is the number of people with at least one vector.
func (g *Gallery) Len() int {
	if g == nil {
		return 0
	}
	return len(g.people)
}

// Match finds the person who resembles the unit vector v most. A person's
// score is the mean of the two best cosines, or the only one: of strangers a
// single vector comes close by chance more often than two do, while two shots
// of the right person rarely disagree (measured in testdata/README.md). People
// of one name do not compete with each other.
func (g *Gallery) Match(v []float32) Match {
	m := Match{Score: -1, Second: -1}
	if g.Len() == 0 || len(v) != g.n {
		return m
	}
	for i := range g.people {
		p := &g.people[i]
		score := g.score(p, v)
		switch {
		case score > m.Score:
			if !strings.EqualFold(p.name, m.Name) {
				m.Second = m.Score
			}
			m.ID, m.Name, m.Score = p.id, p.name, score
		case score > m.Second && !strings.EqualFold(p.name, m.Name):
			m.Second = score
		}
	}
	return m
}

// score is the mean of the two best cosines of a person's vectors with v.
func (g *Gallery) score(p *entry, v []float32) float32 {
	best, next := float32(math.Inf(-1)), float32(math.Inf(-1))
	for i := p.first; i < p.last; i++ {
		c := Cosine(v, g.vectors[i*g.n:(i+1)*g.n])
		if c > best {
			best, next = c, best
		} else if c > next {
			next = c
		}
	}
	if p.last-p.first == 1 {
		return best
	}
	return (best + next) / 2
}
