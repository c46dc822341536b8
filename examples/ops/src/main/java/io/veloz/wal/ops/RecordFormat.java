package io.veloz.wal.ops;

import io.veloz.wal.WalReader;

/** Formats records. Not thread-safe. */
interface RecordFormat {
    /** Writes the current record of the reader as one line. */
    void write(WalReader record, Output out);
}
