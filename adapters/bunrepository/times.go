package bunrepository

import "time"

// Times are stored as unix microseconds in both dialects: SQLite has no time type, its
// texts compare wrongly when their precision or zone differs, and integers are compared,
// indexed and computed with alike everywhere. The zero time is 0, so "at once" and "never
// yet" sort first and are always due.

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func moment(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}
