package io.veloz.wal.bench.jmh;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.bench.log.Growth;
import io.veloz.wal.bench.process.Directories;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32C;
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
 * Reading a log that is in the page cache, in nanoseconds per record. The open is not counted. The floor copies the bytes of the
 * same records out of the files, and computes one CRC-32C for each MiB.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 3)
@Fork(2)
public class ReaderNext {
    private static final int RECORDS = 100_000;
    private static final int RECORD_BYTES = 256;
    private static final int SEGMENT_BYTES = 64 * 1024 * 1024;
    private static final int BUFFER_BYTES = 8 * 1024 * 1024;

    /** A closed log. */
    @State(Scope.Benchmark)
    public static class Log {
        @Param("")
        public String directory = "";

        private Path created = Path.of("");
        private long records;
        private long dataBytes;

        @Setup
        public void write() throws IOException {
            created = Directories.create(directory, "wal-jmh-");
            ByteBuffer record = ByteBuffer.allocate(RECORD_BYTES);
            new Random(1).nextBytes(record.array());
            try (Wal wal = Wal.open(WalConfig.builder(created)
                    .segmentBytes(SEGMENT_BYTES)
                    .bufferBytes(BUFFER_BYTES)
                    .build())) {
                Growth.toFullSegments(wal, SEGMENT_BYTES);
                long before = wal.stats().bytesWritten();
                for (int i = 0; i < RECORDS; i++) {
                    wal.append(1, record.clear());
                }
                wal.sync();
                records = wal.lastSequence();
                dataBytes = wal.stats().bytesWritten() - before;
            }
        }

        @TearDown
        public void delete() throws IOException {
            Directories.delete(created);
        }
    }

    /** A reader before the first record. */
    @State(Scope.Thread)
    public static class Reader {
        private WalReader reader = Uninitialised.value();

        @Setup(Level.Invocation)
        public void open(Log log) {
            reader = WalReader.open(ReadOptions.of(log.created));
        }

        @TearDown(Level.Invocation)
        public void close() {
            reader.close();
        }
    }

    /** The files of the log, open. */
    @State(Scope.Thread)
    public static class RawReader {
        private static final int CHUNK_BYTES = 1024 * 1024;

        private final CRC32C crc = new CRC32C();
        private final ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
        private FileChannel file = Uninitialised.value();

        @Setup
        public void open(Log log) throws IOException {
            List<Path> files;
            try (Stream<Path> all = Files.list(log.created)) {
                files = all.filter(path -> path.toFile().length() >= log.dataBytes)
                        .sorted()
                        .toList();
            }
            // All records but those of the growth are in one segment; the other large file is the next one.
            file = FileChannel.open(files.get(0));
        }

        @TearDown
        public void close() throws IOException {
            file.close();
        }
    }

    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long next(Log log, Reader state) {
        long sum = 0;
        int records = 0;
        while (state.reader.next()) {
            sum += state.reader.payload().get(0);
            records++;
        }
        if (records != log.records) {
            throw new IllegalStateException(records + " records; expected " + log.records);
        }
        return sum;
    }

    @Benchmark
    @OperationsPerInvocation(RECORDS)
    public long rawNext(Log log, RawReader state) throws IOException {
        state.crc.reset();
        for (long position = 0; position < log.dataBytes; ) {
            state.chunk.clear().limit((int) Math.min(RawReader.CHUNK_BYTES, log.dataBytes - position));
            int read = state.file.read(state.chunk, position);
            if (read <= 0) {
                throw new IOException("the file ends at " + position + "; expected " + log.dataBytes + " bytes");
            }
            position += read;
            state.crc.update(state.chunk.flip());
        }
        return state.crc.getValue();
    }
}
