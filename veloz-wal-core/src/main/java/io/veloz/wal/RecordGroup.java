package io.veloz.wal;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Records that are appended together and come back together or not at all. Also the way to append records with times of
 * one's own. It belongs to one thread, and can be cleared and used again.
 */
public final class RecordGroup {
    private final List<Entry> entries = new ArrayList<>();
    private int size;

    /** Creates an empty group. */
    public RecordGroup() {}

    private static final class Entry {
        int type;
        boolean hasTimestamp;
        long timestampNanos;
        ByteBuffer payload = ByteBuffer.allocate(0);
    }

    /** Adds a record that will get the time of the append. The payload is read at the append, not now. */
    public RecordGroup add(int type, ByteBuffer payload) {
        Entry entry = next(type, payload);
        entry.hasTimestamp = false;
        return this;
    }

    /**
     * Adds a record with a time of its own, in nanoseconds since 1970. Time is information only: it orders nothing. The
     * payload is read at the append, not now.
     */
    public RecordGroup add(int type, long timestampNanos, ByteBuffer payload) {
        Entry entry = next(type, payload);
        entry.hasTimestamp = true;
        entry.timestampNanos = timestampNanos;
        return this;
    }

    private Entry next(int type, ByteBuffer payload) {
        Appender.checkType(type);
        Objects.requireNonNull(payload, "payload");
        if (size == entries.size()) {
            entries.add(new Entry());
        }
        Entry entry = entries.get(size++);
        entry.type = type;
        entry.payload = payload;
        return entry;
    }

    /** How many records there are. */
    public int size() {
        return size;
    }

    /** Forgets all records. */
    public void clear() {
        for (int i = 0; i < size; i++) {
            entries.get(i).payload = ByteBuffer.allocate(0);
        }
        size = 0;
    }

    int type(int i) {
        return entries.get(i).type;
    }

    long timestampNanos(int i, long otherwise) {
        Entry entry = entries.get(i);
        return entry.hasTimestamp ? entry.timestampNanos : otherwise;
    }

    ByteBuffer payload(int i) {
        return entries.get(i).payload;
    }
}
