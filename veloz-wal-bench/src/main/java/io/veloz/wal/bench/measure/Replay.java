package io.veloz.wal.bench.measure;

import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.process.KernelCache;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * Writes a log, closes it, and reads it as a program does that starts: with the files in the page cache, and without them. The
 * floor is one thread that reads and checksums all bytes of the same files. The warm values are the best of several turns. The
 * cold ones are one sample each, and the two change their order with each round.
 */
@SuppressWarnings("try") // a measured log's close() may be interrupted
final class Replay {
    private static final long RECORDS_PER_SECOND = 200_000;
    private static final int WARM_TURNS = 5;
    private static final int READ_BYTES = 1024 * 1024;

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
            if (KernelCache.drop()) {
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
        ByteBuffer chunk = ByteBuffer.allocateDirect(READ_BYTES);
        CRC32C crc = new CRC32C();
        long bytes = 0;
        long started = System.nanoTime();
        for (Path path : files()) {
            try (FileChannel file = FileChannel.open(path)) {
                while (file.read(chunk.clear()) > 0) {
                    bytes += chunk.position();
                    crc.update(chunk.flip());
                }
            }
        }
        return bytes / 1e6 / ((System.nanoTime() - started) / 1e9);
    }

    private long fileBytes() throws IOException {
        long sum = 0;
        for (Path path : files()) {
            sum += Files.size(path);
        }
        return sum;
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> all = Files.walk(run.directory())) {
            return all.filter(Files::isRegularFile).sorted().toList();
        }
    }
}
