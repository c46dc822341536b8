package io.veloz.wal.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import java.io.IOException;

/**
 * Checks a log with a flipped bit after a close: it returns the records of its model, or is refused and left unchanged.
 */
final class RottedLog {
    private RottedLog() {}

    static void check(Model model, FaultyStorage rotted, String where) throws IOException {
        long changes = rotted.changes();
        WalRecovery.verify(ReadOptions.of(rotted), WalProgress.NONE);
        try (WalReader reader = WalReader.open(ReadOptions.of(rotted))) {
            assertThat(readAll(model, reader))
                    .as("bit rot in %s: the last record that is read", where)
                    .isEqualTo(model.last());
        } catch (WalException e) {
            assertThat(e.getMessage()).as("bit rot in %s", where).contains("faulty storage");
        }
        assertThat(rotted.changes()).isEqualTo(changes);
        try (Wal wal = Wal.open(LogWorkload.config(rotted).build())) {
            assertThat(wal.lastSequence()).as("bit rot in %s", where).isEqualTo(model.last());
            try (WalReader reader = wal.reader()) {
                readAll(model, reader);
            } catch (WalCorruptException e) {
                assertThat(e.getMessage()).contains("faulty storage");
            }
        } catch (WalException e) {
            assertThat(rotted.changes())
                    .as("bit rot in %s: changes by an open that refuses", where)
                    .isEqualTo(changes);
        }
    }

    /** Reads all records, asserts that there is no gap, and returns the last sequence. */
    private static long readAll(Model model, WalReader reader) {
        long next = model.first();
        while (reader.next()) {
            model.entry(next).assertShownBy(reader);
            next++;
        }
        return next - 1;
    }
}
