package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalReader;
import java.util.List;

/** Notes and warnings about a log that was read to its end. Stateless. */
final class ReadNotes {
    private static final int MAX_LOSSES = 20;

    private ReadNotes() {}

    /** Prints them and returns the exit code. A torn tail does not change it. */
    static int print(WalReader reader, Streams streams) {
        if (reader.hasTornTail()) {
            streams.err()
                    .println(
                            "note: torn tail: a crash interrupted a write; data that was not acknowledged is not shown");
        }
        List<LostRange> lost = reader.lost();
        lost.stream().limit(MAX_LOSSES).forEach(range -> streams.warning(range.toString()));
        if (lost.size() > MAX_LOSSES) {
            streams.warning("and " + (lost.size() - MAX_LOSSES) + " more; see verify");
        }
        return lost.isEmpty() ? ExitCode.OK : ExitCode.WARNING;
    }
}
