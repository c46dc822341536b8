package io.veloz.wal;

import io.veloz.wal.internal.EpochNanos;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * Records that are appended atomically: after a crash either all of them are recovered, or none. A group is also the
 * way to append records with given timestamps. It belongs to one thread, and can be cleared and reused.
 */
public final class RecordGroup {
    private static final ByteBuffer NO_PAYLOAD = ByteBuffer.allocate(0);

    private final List<Member> members = new ArrayList<>();
    private int size;

    /** Creates an empty group. */
    public RecordGroup() {}

    private static final class Member {
        int type;
        boolean hasTimestamp;
        long timestampNanos;
        ByteBuffer payload = NO_PAYLOAD;
    }

    /** Adds a record that gets the time of the append as its timestamp. The append reads the payload, not this method. */
    public RecordGroup add(int type, ByteBuffer payload) {
        next(type, payload).hasTimestamp = false;
        return this;
    }

    /**
     * Adds a record with a given timestamp, in nanoseconds since 1970. Timestamps are for information only and do not
     * affect the order of records. The append reads the payload, not this method.
     */
    public RecordGroup add(int type, long timestampNanos, ByteBuffer payload) {
        Member member = next(type, payload);
        member.hasTimestamp = true;
        member.timestampNanos = timestampNanos;
        return this;
    }

    /**
     * Adds a record with a given timestamp. See {@link #add(int, long, ByteBuffer)}.
     *
     * @throws IllegalArgumentException if the time in nanoseconds since 1970 does not fit into a long
     */
    public RecordGroup add(int type, Instant timestamp, ByteBuffer payload) {
        return add(type, EpochNanos.of(timestamp), payload);
    }

    private Member next(int type, ByteBuffer payload) {
        Appender.checkType(type);
        Objects.requireNonNull(payload, "payload");
        if (size == members.size()) {
            members.add(new Member());
        }
        Member member = members.get(size++);
        member.type = type;
        member.payload = payload;
        return member;
    }

    /** Returns the number of records. */
    public int size() {
        return size;
    }

    /** Removes all records. */
    public void clear() {
        for (int i = 0; i < size; i++) {
            members.get(i).payload = NO_PAYLOAD;
        }
        size = 0;
    }

    int type(int i) {
        return members.get(i).type;
    }

    long timestampNanos(int i, long otherwise) {
        Member member = members.get(i);
        return member.hasTimestamp ? member.timestampNanos : otherwise;
    }

    ByteBuffer payload(int i) {
        return members.get(i).payload;
    }

    /** Returns the number of records and the bytes of their payloads. */
    @Override
    public String toString() {
        long bytes = 0;
        for (int i = 0; i < size; i++) {
            bytes += payload(i).remaining();
        }
        return "RecordGroup[records=" + size + ", payloadBytes=" + bytes + "]";
    }
}
