package io.veloz.wal.bench.measure;

import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.process.PageCache;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;

/**
 * Writes a log, closes it, and reads it as a program does that starts: with the files in the page cache, and without them. The
 * floor is one thread that reads and checksums all bytes of the same files. The warm values are the best of several turns. The
 * cold ones are one sample each, and the two change their order with each round.
 */
@SuppressWarnings("try") // a measured log's close() may be interrupted
final class Replay {
    private static final long RECORDS_PER_SECOND = 200_000;
    private static final int WARM_TURNS = 5;

    private final Workload.Run run;
    private final long records;
    private final LogKind.Settings settings = Workload.REPLAY.settings();

    Replay(Workload.Run run) {
        this.run = run;
        this.records = Math.max(10_000, (long) (run.seconds() * RECORDS_PER_SECOND));
    }

    Map<Metric, Double> run() throws Exception {
        try (MeasuredLog log = run.kind().open(run.directory(), settings)) {
            new Load(log, Workload.REPLAY.recordBytes()).fill(records);
        }
        Map<Metric, Double> result = new EnumMap<>(Metric.class);
        double best = 0;
        for (int i = 0; i < WARM_TURNS; i++) {
            best = Math.max(best, replay());
        }
        result.put(Metric.WARM_MB, best);
        double floor = 0;
        for (int i = 0; i < WARM_TURNS; i++) {
            floor = Math.max(floor, readFiles());
        }
        result.put(Metric.WARM_FLOOR_MB, floor);
        result.put(Metric.FILE_BYTES_RATIO, (double) fileBytes() / (records * Workload.REPLAY.recordBytes()));
        boolean floorFirst = run.round() % 2 == 0;
        for (boolean isFloor : new boolean[] {floorFirst, !floorFirst}) {
            if (PageCache.drop()) {
                result.put(isFloor ? Metric.COLD_FLOOR_MB : Metric.COLD_MB, isFloor ? readFiles() : replay());
            }
        }
        return result;
    }

    private double replay() throws Exception {
        long started = System.nanoTime();
        LogKind.Replayed replayed = run.kind().replay(run.directory(), settings);
        double seconds = (System.nanoTime() - started) / 1e9;
        if (replayed.records() != records) {
            throw new IllegalStateException(run.kind().getClass().getSimpleName() + " has replayed "
                    + replayed.records() + " records; expected " + records);
        }
        return replayed.bytes() / 1e6 / seconds;
    }

    private double readFiles() throws IOException {
        long bytes = fileBytes();
        return bytes / 1e6 / PageCache.readAndCheck(PageCache.files(run.directory()), bytes);
    }

    private long fileBytes() throws IOException {
        long sum = 0;
        for (Path path : PageCache.files(run.directory())) {
            sum += Files.size(path);
        }
        return sum;
    }
}
