//go:build race

package shell

func init() { raceDetector = true }
