package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The results of all appends and reads. Any thread may add to it. An inconsistency is an error immediately,
 * or at the end.
 */
final class StressHistory {
    private final Map<Long, String> appended = new ConcurrentHashMap<>();
    private final Map<Long, String> shown = new ConcurrentHashMap<>();
    private final AtomicLong highestReturned = new AtomicLong();

    /** Returns a bound: an append that begins now gets a higher sequence. */
    long highestReturned() {
        return highestReturned.get();
    }

    /** Notes the result of an append, and the highest sequence that was returned before it began. */
    void appended(long floor, long sequence, String text) {
        assertThat(sequence).as(text).isGreaterThan(floor);
        assertThat(appended.put(sequence, text))
                .as("sequence %s given twice", sequence)
                .isNull();
        highestReturned.accumulateAndGet(sequence, Math::max);
    }

    /**
     * Notes a record that a reader returned, perhaps not the first one. A record that was returned once is never lost.
     */
    void shown(long sequence, String text) {
        String before = shown.putIfAbsent(sequence, text);
        if (before != null && !before.equals(text)) {
            throw new AssertionError("record " + sequence + " was " + before + " and is " + text);
        }
    }

    /** Checks that every sequence was assigned to one append, and read with the appended payload. */
    void checkComplete(long last) {
        assertThat(appended).hasSize((int) last);
        assertThat(shown).hasSize((int) last);
        for (long sequence = 1; sequence <= last; sequence++) {
            assertThat(shown.get(sequence)).as("record %s", sequence).isEqualTo(appended.get(sequence));
        }
    }
}
