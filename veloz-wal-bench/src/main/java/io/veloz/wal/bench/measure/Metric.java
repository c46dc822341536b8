package io.veloz.wal.bench.measure;

/** What a measurement can state. The constant's name in lower case is the metric's name in files. */
public enum Metric {
    /** Records per second. */
    OPS,
    /** Microseconds of one append, half of them are faster. */
    P50_MICROS,
    P99_MICROS,
    P999_MICROS,
    MAX_MICROS,
    /** Microseconds from the time at which an append was due until its call, half of them are shorter. */
    LATE_P50_MICROS,
    LATE_P99_MICROS,
    /** Nanoseconds per record: the reciprocal of the rate. */
    NANOS,
    /** Bytes that all threads of the process allocate on the heap per record. */
    ALLOCATED_BYTES,
    /** Megabytes of records per second with the files in the page cache. */
    WARM_MB,
    /** The same with an empty page cache. */
    COLD_MB,
    /** Megabytes of the files per second that one thread reads and checksums with CRC-32C, in the page cache. */
    WARM_FLOOR_MB,
    /** The same with an empty page cache. */
    COLD_FLOOR_MB,
    /** Bytes of the files for each byte of records. */
    FILE_BYTES_RATIO,
    /** How often the log has continued in its next file during the measurement. */
    ROLLS
}
