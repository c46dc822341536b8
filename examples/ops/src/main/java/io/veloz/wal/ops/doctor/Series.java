package io.veloz.wal.ops.doctor;

import java.util.Locale;

/** The series of latencies that are measured. */
public enum Series {
    FORCED_256("write and force, 256 bytes, zero-filled file"),
    FORCED_4K("write and force, 4 KiB, zero-filled file"),
    FORCED_64K("write and force, 64 KiB, zero-filled file"),
    SPARSE_256("write and force, 256 bytes, sparse file"),
    SPARSE_4K("write and force, 4 KiB, sparse file"),
    SPARSE_64K("write and force, 64 KiB, sparse file"),
    FORCED_BATCH("write and force, 1 MiB, zero-filled file"),
    DURING_FILL("write and force, 4 KiB, while a file is filled"),
    UNFORCED_4K("write without force, 4 KiB"),
    EMPTY_FORCE("force without a write"),
    RENAME("rename"),
    DIRECTORY_FORCE("force of the directory after a rename"),
    PARK_OVERSHOOT("overshoot of a sleep of 100 us"),
    UNPARK("wake-up of another thread");

    private final String label;

    Series(String label) {
        this.label = label;
    }

    /** Returns the description for the output. */
    public String label() {
        return label;
    }

    /** Returns the name in JSON. */
    public String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}
