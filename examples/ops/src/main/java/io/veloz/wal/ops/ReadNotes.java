package io.veloz.wal.ops;

import io.veloz.wal.LostRange;
import io.veloz.wal.WalReader;
import java.util.List;

/** What there is to say about a log that was read to its end. Stateless. */
final class ReadNotes {
    private static final int LOSSES_TOLD = 20;

    private ReadNotes() {}

    /** Returns the exit code. A torn tail is no reason for another one than 0. */
    static int tell(WalReader reader, Streams streams) {
        if (reader.hasTornTail()) {
            streams.err()
                    .println(
                            "note: torn tail: the writer died while it wrote; what it had not acknowledged is not shown");
        }
        List<LostRange> lost = reader.lost();
        lost.stream().limit(LOSSES_TOLD).forEach(range -> streams.warning(range.toString()));
        if (lost.size() > LOSSES_TOLD) {
            streams.warning("and " + (lost.size() - LOSSES_TOLD) + " more; see verify");
        }
        return lost.isEmpty() ? ExitCode.OK : ExitCode.WARNING;
    }
}
