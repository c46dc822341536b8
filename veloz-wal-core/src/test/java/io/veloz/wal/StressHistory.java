package io.veloz.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What callers were told and what readers were shown. Any thread may add to it; whatever does not fit is an error at once,
 * or in the end.
 */
final class StressHistory {
    private final Map<Long, String> appended = new ConcurrentHashMap<>();
    private final Map<Long, String> shown = new ConcurrentHashMap<>();
    private final AtomicLong highestReturned = new AtomicLong();

    /** Whoever begins to append now gets a higher sequence. */
    long highestReturned() {
        return highestReturned.get();
    }

    /** An append has returned; when it began this was the highest sequence returned. */
    void appended(long floor, long sequence, String text) {
        assertThat(sequence).as(text).isGreaterThan(floor);
        assertThat(appended.put(sequence, text))
                .as("sequence %s given twice", sequence)
                .isNull();
        highestReturned.accumulateAndGet(sequence, Math::max);
    }

    /** A reader has seen it, maybe not as the first: what was shown once is shown for ever. */
    void shown(long sequence, String text) {
        String before = shown.putIfAbsent(sequence, text);
        if (before != null && !before.equals(text)) {
            throw new AssertionError("record " + sequence + " was " + before + " and is " + text);
        }
    }

    /** Every sequence was given to one append, and shown as what was appended. */
    void checkComplete(long last) {
        assertThat(appended).hasSize((int) last);
        assertThat(shown).hasSize((int) last);
        for (long sequence = 1; sequence <= last; sequence++) {
            assertThat(shown.get(sequence)).as("record %s", sequence).isEqualTo(appended.get(sequence));
        }
    }
}
