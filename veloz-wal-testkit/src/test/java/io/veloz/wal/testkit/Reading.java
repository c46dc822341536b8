package io.veloz.wal.testkit;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import java.util.ArrayList;
import java.util.List;

/** The records returned by a reader until the end or until a permitted error. */
final class Reading {
    final List<Seen> records = new ArrayList<>();
    final List<LostRange> lost = new ArrayList<>();

    /** The error; null if the reader reached the end. */
    RuntimeException error;

    Reading(ReadOptions options) {
        try (WalReader reader = WalReader.open(options)) {
            try {
                while (reader.next()) {
                    records.add(Seen.by(reader));
                }
            } finally {
                lost.addAll(reader.lost());
            }
        } catch (WalException e) {
            error = e;
        }
    }

    boolean reportsLost(long sequence) {
        return lost.stream()
                .anyMatch(range -> range.firstSequence() <= sequence
                        && (range.lastSequence() < 0 || range.lastSequence() >= sequence));
    }
}
