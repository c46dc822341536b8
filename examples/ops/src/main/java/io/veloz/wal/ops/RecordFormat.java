package io.veloz.wal.ops;

import io.veloz.wal.WalReader;

/** How a record is written out. An instance belongs to one thread. */
interface RecordFormat {
    /** Writes the record that the reader stands on, as one line. */
    void write(WalReader record, Output out);
}
