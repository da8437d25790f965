package ui

import (
	"os"
	"testing"
)

// onMain takes what a test wants run on the main goroutine, where Fyne's real
// driver must live.
var onMain = make(chan func())

func TestMain(m *testing.M) {
	if os.Getenv("RTV_WINDOW") != "1" {
		os.Exit(m.Run())
	}
	go func() { os.Exit(m.Run()) }()
	for f := range onMain {
		f()
	}
}
