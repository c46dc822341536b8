package io.veloz.wal.bench.detail;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalReader;
import io.veloz.wal.bench.measure.OpenLoop;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.HdrHistogram.Histogram;

/** The other process of {@link TailLatency}: reads a live log until its last record, and prints percentiles in nanoseconds. */
final class TailChild {
    static final String READY = "ready";
    static final int WARM_UP = 1;
    static final int MEASURED = 2;
    static final int LAST = 3;
    static final List<String> PERCENTILES = List.of("50", "99", "99.9", "100");

    private static final Duration TIMEOUT = Duration.ofMinutes(1);

    private TailChild() {}

    public static void main(String[] arguments) {
        Histogram fromDue = OpenLoop.histogram();
        try (WalReader reader = WalReader.open(ReadOptions.of(Path.of(arguments[0])))) {
            System.out.println(READY);
            while (reader.next(TIMEOUT) && reader.type() != LAST) {
                if (reader.type() == MEASURED) {
                    fromDue.recordValue(System.nanoTime() - due(reader));
                }
            }
        }
        System.out.println("records=" + fromDue.getTotalCount());
        for (String percentile : PERCENTILES) {
            System.out.println(percentile + "=" + fromDue.getValueAtPercentile(Double.parseDouble(percentile)));
        }
    }

    /** Returns when the append of the current record was due. Payloads are little-endian, and the appender is not. */
    static long due(WalReader reader) {
        return Long.reverseBytes(reader.payload().getLong());
    }
}
