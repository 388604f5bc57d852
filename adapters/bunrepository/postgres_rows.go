package bunrepository

import (
	"database/sql/driver"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// pgRows are the rows of the last statement of a message.
type pgRows struct {
	results *pgconn.MultiResultReader
	result  *pgconn.ResultReader
	types   *pgtype.Map
}

// Columns implements driver.Rows.
func (r *pgRows) Columns() []string {
	fields := r.result.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names
}

// Close implements driver.Rows.
func (r *pgRows) Close() error {
	_, err := r.result.Close()
	return firstError(err, r.results.Close())
}

// Next implements driver.Rows.
func (r *pgRows) Next(row []driver.Value) error {
	if !r.result.NextRow() {
		return firstError(r.Close(), io.EOF)
	}
	for i, text := range r.result.Values() {
		var err error
		if row[i], err = r.value(r.result.FieldDescriptions()[i].DataTypeOID, text); err != nil {
			return err
		}
	}
	return nil
}

// value reads a value's text form as the types that database/sql knows; what has none of its
// own stays text.
func (r *pgRows) value(oid uint32, text []byte) (driver.Value, error) {
	switch {
	case text == nil:
		return nil, nil
	case oid == pgtype.BoolOID:
		return string(text) == "t", nil
	case oid == pgtype.Int2OID || oid == pgtype.Int4OID || oid == pgtype.Int8OID:
		return strconv.ParseInt(string(text), 10, 64)
	case oid == pgtype.ByteaOID:
		var b []byte
		err := r.types.Scan(oid, pgtype.TextFormatCode, text, &b)
		return b, err
	case oid == pgtype.TimestamptzOID:
		var at time.Time
		err := r.types.Scan(oid, pgtype.TextFormatCode, text, &at)
		return at, err
	}
	return string(text), nil
}
