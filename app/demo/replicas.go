package demo

import (
	"log/slog"
	"time"

	"reterminal-vision/app/config"
	"reterminal-vision/app/watchdog"
	"reterminal-vision/inference"
)

// shortWork is the time on one thread below which waking further threads costs
// what they gain: so short a network is better replicated. With a longer one
// threads lower the latency, which counts for sources with a pace of their own.
const shortWork = 5 * time.Millisecond

// addReplicas opens further interpreters of the first network, each with its
// share of the threads.
func (b *builder) addReplicas() error {
	replicas := b.cfg.Replicas
	// An alarm counts frames inside its one task.
	if !b.demo.Kind().Replicates || b.demo.Alarm != nil || b.cfg.Threads < 2 {
		replicas = 1
	}
	if replicas == config.AutoReplicas {
		short, err := b.short()
		switch {
		case err != nil:
			return err
		case short && b.cfg.Unpaced:
			// One more is ready when a replica waits for its turn.
			replicas = b.cfg.Threads + 1
		case short || b.cfg.Unpaced:
			replicas = b.cfg.Threads
		default:
			replicas = 1
		}
	}
	if replicas = min(replicas, watchdog.MaxReplicas); replicas < 2 {
		return nil
	}
	b.threads = max(1, b.cfg.Threads/replicas)
	first, err := b.open(b.models[0])
	if err != nil {
		return err
	}
	b.nets[0].Close()
	b.nets[0] = first
	for len(b.replicaNets) < replicas-1 {
		net, err := b.open(b.models[0])
		if err != nil {
			return err
		}
		b.replicaNets = append(b.replicaNets, net)
	}
	return nil
}

// short reports whether the first network is short work: it is timed with all
// threads and, when that is quick, with one.
func (b *builder) short() (bool, error) {
	many, err := briefly(b.nets[0])
	if err != nil || many >= shortWork {
		return false, err
	}
	b.threads = 1
	defer func() { b.threads = b.cfg.Threads }()
	single, err := b.open(b.models[0])
	if err != nil {
		return false, err
	}
	defer single.Close()
	one, err := briefly(single)
	if err != nil {
		return false, err
	}
	slog.Debug("threads or replicas", "model", b.models[0].ID, "one thread", one, "all threads", many)
	return one < shortWork, nil
}

// briefly is about how long the network takes: the shortest of a few runs, of
// which the first allocates memory; a long one is enough.
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
