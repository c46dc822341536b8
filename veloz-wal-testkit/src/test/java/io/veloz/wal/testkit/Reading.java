package io.veloz.wal.testkit;

import io.veloz.wal.LostRange;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalException;
import io.veloz.wal.WalReader;
import java.util.ArrayList;
import java.util.List;

/** What a reader showed until it came to the end, or until it told an error that it may tell. */
final class Reading {
    final List<Seen> records = new ArrayList<>();
    final List<LostRange> lost = new ArrayList<>();

    /** Null if it came to the end. */
    RuntimeException told;

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
            told = e;
        } catch (IllegalArgumentException e) {
            if (!String.valueOf(e.getMessage()).contains("has been trimmed")) {
                throw e;
            }
            told = e;
        }
    }

    boolean tells(long sequence) {
        return lost.stream()
                .anyMatch(range -> range.firstSequence() <= sequence
                        && (range.lastSequence() < 0 || range.lastSequence() >= sequence));
    }
}
