package benchmark

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"time"
)

// WriteJSON writes records as a list, an empty one for none.
func WriteJSON(w io.Writer, all []Record) error {
	if all == nil {
		all = []Record{}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(all)
}

// columns are those of the CSV, in the order in which row fills them.
var columns = []string{
	"run", "date", "device", "app", "library", "model", "title", "family", "variant", "bytes", "accuracy", "accuracy of", "backend", "threads",
	"load ms", "load low", "load high", "first ms", "first low", "first high", "invoke ms", "invoke low", "invoke high", "invoke p95", "p95 low", "p95 high", "fps",
	"rounds", "runs", "rss MiB", "network MiB", "°C before", "°C after", "°C most", "MHz least", "MHz most", "throttled", "failed",
}

// WriteCSV writes a line a record beneath a line of names; what is not known is
// empty.
func WriteCSV(w io.Writer, all []Record) error {
	out := csv.NewWriter(w)
	if err := out.Write(columns); err != nil {
		return err
	}
	for i := range all {
		if err := out.Write(row(&all[i])); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func row(r *Record) []string {
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }
	maybe := func(v *float64) string {
		if v == nil {
			return ""
		}
		return number(*v)
	}
	line := []string{
		r.Run.Format(time.RFC3339), r.Date.Format(time.RFC3339), r.Device, r.App, r.Library,
		r.Model, r.Title, r.Family, r.Variant, strconv.FormatInt(r.Bytes, 10),
	}
	if len(r.Accuracy) > 0 {
		line = append(line, number(r.Accuracy[0].Value), r.Accuracy[0].Figure)
	} else {
		line = append(line, "", "")
	}
	line = append(line, r.Backend, strconv.Itoa(r.Threads))
	if r.Failed != "" {
		line = append(line, make([]string, 17)...)
	} else {
		for _, s := range []Spread{r.Load, r.First, r.Invoke} {
			line = append(line, number(s.Median), number(s.Low), number(s.High))
		}
		line = append(line, number(r.P95), number(r.P95Low), number(r.P95High), number(r.FPS()), strconv.Itoa(r.Rounds), strconv.Itoa(r.Runs), number(r.RSS), number(r.Net))
	}
	line = append(line, maybe(r.Heat.Before), maybe(r.Heat.After), maybe(r.Heat.Most), maybe(r.Heat.Slowest), maybe(r.Heat.Fastest))
	throttled := ""
	if r.Heat.Throttled != nil {
		throttled = strconv.FormatBool(*r.Heat.Throttled)
	}
	return append(line, throttled, r.Failed)
}
