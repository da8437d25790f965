package benchmark

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Table is records as rows of networks and columns of backends and threads.
type Table struct {
	Head []string
	Rows [][]string
}

// setting is one column.
type setting struct {
	backend string
	threads int
}

// TableOf has the newest record of each network, backend and number of threads.
// Times are medians in milliseconds, with half the spread between rounds.
func TableOf(all []Record) Table {
	var settings []setting
	var order []string
	rows := map[string]map[setting]*Record{}
	for i := range all {
		r := &all[i]
		s := setting{r.Backend, r.Threads}
		if !slices.Contains(settings, s) {
			settings = append(settings, s)
		}
		if rows[r.Model] == nil {
			rows[r.Model] = map[setting]*Record{}
			order = append(order, r.Model)
		}
		rows[r.Model][s] = r
	}
	slices.SortStableFunc(settings, func(a, b setting) int {
		return cmp.Or(cmp.Compare(a.backend, b.backend), cmp.Compare(a.threads, b.threads))
	})
	t := Table{Head: []string{"network", "variant", "kB", "accuracy"}}
	for _, s := range settings {
		t.Head = append(t.Head, fmt.Sprintf("%s, %d", s.backend, s.threads))
	}
	t.Head = append(t.Head, "best FPS", "load", "first", "MiB")
	for _, id := range order {
		t.Rows = append(t.Rows, tableRow(id, rows[id], settings))
	}
	return t
}

func tableRow(id string, of map[setting]*Record, settings []setting) []string {
	var any, best *Record
	var cells []string
	for _, s := range settings {
		r := of[s]
		switch {
		case r == nil:
			cells = append(cells, "")
			continue
		case r.Failed != "":
			cells = append(cells, "failed")
		default:
			cells = append(cells, fmt.Sprintf("%s ±%.0f %%", Short(r.Invoke.Median), 50*(r.Invoke.High-r.Invoke.Low)/r.Invoke.Median))
			if best == nil || r.Invoke.Median < best.Invoke.Median {
				best = r
			}
		}
		any = r
	}
	accuracy := "–"
	if len(any.Accuracy) > 0 {
		accuracy = any.Accuracy[0].String()
	}
	row := append([]string{id, any.Variant, fmt.Sprint((any.Bytes + 500) / 1000), accuracy}, cells...)
	if best == nil {
		return append(row, "", "", "", "")
	}
	return append(row, Short(best.FPS()), Short(best.Load.Median), Short(best.First.Median), Short(best.Net))
}

// Short writes a number with three figures.
func Short(v float64) string {
	switch {
	case v >= 99.5:
		return fmt.Sprintf("%.0f", v)
	case v >= 9.95:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.2f", v)
}

// Write writes the table for a terminal.
func (t Table) Write(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		fmt.Fprintln(out, strings.Join(row, "\t"))
	}
	return out.Flush()
}

// Markdown writes the table for a document.
func (t Table) Markdown(w io.Writer) error {
	line := func(cells []string) string { return "| " + strings.Join(cells, " | ") + " |\n" }
	var b strings.Builder
	b.WriteString(line(t.Head))
	b.WriteString(strings.Repeat("|---", len(t.Head)) + "|\n")
	for _, row := range t.Rows {
		b.WriteString(line(row))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
