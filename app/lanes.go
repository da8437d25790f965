package app

import (
	"log/slog"
	"time"

	"reterminal-vision/inference"
)

// autoLanes leaves the number of lanes to a measurement.
const autoLanes = -1

// shortWork is the time on one thread below which waking more threads up takes
// what they give: so short a network is better run several times side by side.
// Of a longer one threads give each result sooner, which counts where pictures
// come at their own pace.
const shortWork = 5 * time.Millisecond

// addLanes opens the first network as often as frames are to be in it at once,
// each with its share of the threads.
func (b *builder) addLanes() error {
	lanes := b.cfg.Lanes
	// What a classification keeps steady it keeps inside its one network's task.
	if b.models[0].Task == "classify" || b.cfg.Threads < 2 {
		lanes = 1
	}
	if lanes == autoLanes && b.cfg.Unpaced {
		lanes = b.cfg.Threads
	}
	if lanes == autoLanes {
		n, err := b.quickestLanes()
		if err != nil {
			return err
		}
		lanes = n
	}
	if lanes = min(lanes, b.cfg.Threads); lanes < 2 {
		return nil
	}
	b.threads = b.cfg.Threads / lanes
	first, err := b.open(b.models[0])
	if err != nil {
		return err
	}
	b.nets[0].Close()
	b.nets[0] = first
	for len(b.beside) < lanes-1 {
		net, err := b.open(b.models[0])
		if err != nil {
			return err
		}
		b.beside = append(b.beside, net)
	}
	return nil
}

// quickestLanes tries the first network with all threads and, when that is
// quick, with one.
func (b *builder) quickestLanes() (int, error) {
	many, err := briefly(b.nets[0])
	if err != nil || many >= shortWork {
		return 1, err
	}
	b.threads = 1
	defer func() { b.threads = b.cfg.Threads }()
	single, err := b.open(b.models[0])
	if err != nil {
		return 0, err
	}
	defer single.Close()
	one, err := briefly(single)
	if err != nil {
		return 0, err
	}
	slog.Debug("threads or lanes", "model", b.models[0].ID, "one thread", one, "all threads", many)
	if one < shortWork {
		return b.cfg.Threads, nil
	}
	return 1, nil
}

// briefly is about how long the network takes: the shortest of few runs, of
// which the first lays memory out; a long one is enough.
func briefly(net *inference.Interpreter) (least time.Duration, err error) {
	for i := range 4 {
		start := time.Now()
		if err := net.Invoke(); err != nil {
			return 0, err
		}
		took := time.Since(start)
		if i == 0 {
			least = took
		}
		if least = min(least, took); took > 10*shortWork {
			break
		}
	}
	return least, nil
}
