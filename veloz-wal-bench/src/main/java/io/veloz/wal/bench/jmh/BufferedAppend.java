package io.veloz.wal.bench.jmh;

import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.bench.log.Growth;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.log.RawGroup;
import io.veloz.wal.bench.process.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/**
 * Appends that return before the record is durable, in nanoseconds per record. A burst fits the buffer of each log; before the
 * next burst everything is forced, which is not counted. The sustained appends run as fast as the disk takes the records.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 3)
@Fork(2)
public class BufferedAppend {
    private static final int SEGMENT_BYTES = 64 * 1024 * 1024;

    /** Fits the buffer of 1 MiB of the hand-made log, with frames of 8 bytes. */
    private static final int BURST = 2_048;

    private static final int RECORD_BYTES = 256;

    /** More than a burst. */
    private static final int ROOM_BYTES = 2 * BURST * RECORD_BYTES;

    private static ByteBuffer record() {
        ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
        new Random(1).nextBytes(record.array());
        return record;
    }

    /** This log in a new directory. */
    @State(Scope.Benchmark)
    public static class Log {
        /** The directory in which each trial creates its own; empty: the temporary directory of the JVM. */
        @Param("")
        public String directory = "";

        private Path created = Path.of("");
        private final ByteBuffer record = record();
        private Wal wal = Uninitialised.value();

        @Setup
        public void open() throws IOException {
            created = Directories.create(directory, "wal-jmh-");
            wal = Wal.open(
                    WalConfig.builder(created).segmentBytes(SEGMENT_BYTES).build());
            Growth.toFullSegments(wal, SEGMENT_BYTES);
        }

        @TearDown
        public void close() throws IOException {
            wal.close();
            Directories.delete(created);
        }
    }

    /** The hand-made group commit in a new directory. */
    @State(Scope.Benchmark)
    public static class Raw {
        @Param("")
        public String directory = "";

        private Path created = Path.of("");
        private final ByteBuffer record = record();
        private MeasuredLog log = Uninitialised.value();

        @Setup
        public void open() throws Exception {
            created = Directories.create(directory, "wal-jmh-");
            log = new RawGroup().open(created, new LogKind.Settings(SEGMENT_BYTES, RECORD_BYTES, false));
        }

        @TearDown
        public void close() throws Exception {
            log.close();
            Directories.delete(created);
        }
    }

    /** Forces the log before each burst, and makes room for it. */
    @State(Scope.Thread)
    public static class ForcedLog {
        @Setup(Level.Invocation)
        public void force(Log state) {
            state.wal.sync();
            Growth.makeRoom(state.wal, ROOM_BYTES);
        }
    }

    /** Forces the hand-made log before each burst. */
    @State(Scope.Thread)
    public static class ForcedRaw {
        @Setup(Level.Invocation)
        public void force(Raw state) throws Exception {
            state.log.sync();
        }
    }

    @Benchmark
    @OperationsPerInvocation(BURST)
    public long burst(Log state, ForcedLog forced) {
        long last = 0;
        for (int i = 0; i < BURST; i++) {
            last = state.wal.append(1, state.record.clear());
        }
        return last;
    }

    @Benchmark
    @OperationsPerInvocation(BURST)
    public void rawBurst(Raw state, ForcedRaw forced) throws Exception {
        for (int i = 0; i < BURST; i++) {
            state.log.appendBuffered(state.record.clear());
        }
    }

    @Benchmark
    public long sustained(Log state) {
        return state.wal.append(1, state.record.clear());
    }

    @Benchmark
    public void rawSustained(Raw state) throws Exception {
        state.log.appendBuffered(state.record.clear());
    }
}
