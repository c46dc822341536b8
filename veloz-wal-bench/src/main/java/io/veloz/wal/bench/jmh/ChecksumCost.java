package io.veloz.wal.bench.jmh;

import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.RecordLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * The checksums of a batch of 64 KiB, in nanoseconds per batch: one CRC-32C for each record as the format demands, which covers
 * salt and sequence; one for each record alone; and one for the whole batch.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ChecksumCost {
    private static final int BATCH_BYTES = 64 * 1024;

    @Param({"64", "256", "1024", "4096", "16384"})
    public int payloadBytes;

    private final ByteBuffer batch = ByteBuffer.allocateDirect(BATCH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final CRC32C crc = new CRC32C();
    private final Checksum checksum = new Checksum();
    private int recordBytes;
    private int records;

    @Setup
    public void fill() {
        byte[] random = new byte[BATCH_BYTES];
        new Random(1).nextBytes(random);
        batch.put(0, random);
        recordBytes = RecordLayout.size(payloadBytes);
        records = BATCH_BYTES / recordBytes;
        for (int i = 0; i < records; i++) {
            RecordLayout.putHeader(batch, i * recordBytes, payloadBytes, 1, 0, i);
        }
    }

    /** Computes the checksum of each record in the way of the log. */
    @Benchmark
    public int ofEachRecord() {
        int sum = 0;
        for (int i = 0; i < records; i++) {
            sum ^= RecordLayout.computeCrc(batch, i * recordBytes, 7, i, checksum);
        }
        return sum;
    }

    /** Computes one checksum of each record's bytes, and nothing else. */
    @Benchmark
    public int rawOfEachRecord() {
        int sum = 0;
        for (int i = 0; i < records; i++) {
            crc.reset();
            crc.update(batch.limit((i + 1) * recordBytes).position(i * recordBytes));
            sum ^= (int) crc.getValue();
        }
        batch.clear();
        return sum;
    }

    /** Computes one checksum of all records. */
    @Benchmark
    public int rawOfTheBatch() {
        crc.reset();
        crc.update(batch.limit(records * recordBytes).position(0));
        batch.clear();
        return (int) crc.getValue();
    }
}
