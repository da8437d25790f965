//go:build cgo && !purego

package camera

const pureGo = false
