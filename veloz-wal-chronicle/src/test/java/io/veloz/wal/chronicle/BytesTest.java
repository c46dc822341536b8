package io.veloz.wal.chronicle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.veloz.wal.Durability;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import io.veloz.wal.testkit.DiskRules;
import io.veloz.wal.testkit.FaultyStorage;
import java.io.File;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntFunction;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.MappedBytes;
import net.openhft.chronicle.core.io.ClosedIllegalStateException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Payloads go from Bytes of every kind to the log, and back. */
class BytesTest {
    private static final int LARGEST_BYTES = 20_000;
    private static final int PAGE_BYTES = 4096;

    private final Wal wal = Wal.open(WalConfig.builder(new FaultyStorage(1, DiskRules.WORST))
            .durability(Durability.LOSE_UNFORCED)
            .segmentBytes(1024 * 1024)
            .maxBatchBytes(256 * 1024)
            .bufferBytes(512 * 1024)
            // The clock of the system allocates in interpreted code.
            .wallClockNanos(() -> 1)
            .build());
    private final BytesAppender appender = BytesAppender.of(wal);
    private final List<Bytes<?>> made = new ArrayList<>();
    private final Random random = new Random(7);

    /** Every kind of Bytes that a program can make without a queue; all of them can take a number of bytes. */
    enum Kind {
        HEAP_ELASTIC(Bytes::allocateElasticOnHeap),
        HEAP_ELASTIC_THAT_GROWS(size -> Bytes.allocateElasticOnHeap(1)),
        HEAP_ARRAY(size -> Bytes.wrapForWrite(new byte[size])),
        HEAP_BUFFER(size -> Bytes.wrapForWrite(ByteBuffer.allocate(size))),
        HEAP_BUFFER_WITH_OFFSET(size ->
                Bytes.wrapForWrite(ByteBuffer.allocate(size + 13).position(13).slice())),
        HEAP_BUFFER_ELASTIC(Bytes::elasticHeapByteBuffer),
        DIRECT_BUFFER(size -> Bytes.wrapForWrite(ByteBuffer.allocateDirect(size))),
        DIRECT_BUFFER_ELASTIC(Bytes::elasticByteBuffer),
        NATIVE(Bytes::allocateDirect),
        NATIVE_ELASTIC(Bytes::allocateElasticDirect),
        NATIVE_ELASTIC_THAT_GROWS(size -> Bytes.allocateElasticDirect(1));

        final IntFunction<Bytes<?>> make;

        Kind(IntFunction<Bytes<?>> make) {
            this.make = make;
        }
    }

    private Bytes<?> make(Kind kind, int size) {
        Bytes<?> bytes = kind.make.apply(Math.max(1, size));
        made.add(bytes);
        return bytes;
    }

    @BeforeEach
    void noRecords() {
        assertThat(wal.lastSequence()).isZero();
    }

    @AfterEach
    void release() {
        wal.close();
        made.forEach(bytes -> bytes.releaseLast());
    }

    private byte[] randomBytes(int size) {
        byte[] content = new byte[size];
        random.nextBytes(content);
        return content;
    }

    private static byte[] content(Bytes<?> bytes) {
        byte[] content = new byte[(int) bytes.readRemaining()];
        for (int i = 0; i < content.length; i++) {
            content[i] = bytes.readByte(bytes.readPosition() + i);
        }
        return content;
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void payloadIsTheReadablePart(Kind kind) {
        List<byte[]> expected = new ArrayList<>();
        for (int size : new int[] {0, 1, 7, 8, 1000, 8191, 8192, 8193, LARGEST_BYTES}) {
            byte[] content = randomBytes(size);
            Bytes<?> bytes = make(kind, size + 10);
            bytes.write(randomBytes(4)).write(content).write(randomBytes(6));
            bytes.readSkip(4);
            bytes.readLimit(4 + size);
            long sequence = appender.append(3, bytes);
            assertThat(sequence).isEqualTo(expected.size() + 1);
            assertThat(bytes.readPosition()).isEqualTo(4);
            assertThat(bytes.readLimit()).isEqualTo(4 + size);
            expected.add(content);
        }
        wal.sync();
        assertThat(readBack()).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void oneBytesServesManyRecords(Kind kind) {
        Bytes<?> bytes = make(kind, LARGEST_BYTES);
        List<byte[]> expected = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            byte[] content = randomBytes(random.nextInt(1 + i * 10));
            bytes.clear().write(content);
            appender.append(1, bytes);
            expected.add(content);
        }
        wal.sync();
        assertThat(readBack()).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void partOfBytesIsAPayload(Kind kind) {
        Bytes<?> bytes = make(kind, 100);
        byte[] content = randomBytes(100);
        bytes.write(content);
        bytes.readSkip(30);
        Bytes<?> part = bytes.bytesForRead();
        try {
            part.readSkip(5);
            byte[] expected = content(part);
            assertThat(expected).hasSize(65);
            appender.appendDurable(1, part);
            assertThat(readBack()).containsExactly(expected);
        } finally {
            part.releaseLast();
        }
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void recordIsReadIntoBytes(Kind kind) {
        for (int size : new int[] {0, 1, 9, 8192, LARGEST_BYTES}) {
            wal.append(1, ByteBuffer.wrap(randomBytes(size)));
        }
        wal.sync();
        try (WalReader reader = wal.reader()) {
            BytesReader bytesReader = BytesReader.of(reader);
            Bytes<?> reused = make(kind, LARGEST_BYTES);
            while (reader.next()) {
                int size = reader.payload().remaining();
                byte[] payload = new byte[size];
                reader.payload().get(payload);
                reused.clear();
                assertThat(bytesReader.readInto(reused)).isEqualTo(size);
                assertThat(content(reused)).isEqualTo(payload);
                Bytes<?> after = make(kind, size + 2);
                after.write(new byte[] {1, 2});
                bytesReader.readInto(after);
                assertThat(after.readByte(1)).isEqualTo((byte) 2);
                after.readSkip(2);
                assertThat(content(after)).isEqualTo(payload);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4095, 40_000, 65_535, 80_000, 131_071})
    void mappedBytesArePayloadsWhereverTheyBegin(int position, @TempDir Path dir) throws Exception {
        byte[] content = randomBytes(200_000);
        for (int overlap : new int[] {0, PAGE_BYTES, 64 * 1024}) {
            File file = dir.resolve("file" + overlap).toFile();
            try (MappedBytes bytes = MappedBytes.mappedBytes(file, 64 * 1024, overlap)) {
                bytes.writePosition(position).readPosition(position);
                for (byte each : content) {
                    bytes.writeByte(each);
                }
                appender.appendDurable(1, bytes);
                assertThat(bytes.readPosition()).isEqualTo(position);
            }
        }
        assertThat(readBack()).containsExactly(content, content, content);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 4095, 40_000, 65_535, 80_000, 131_071})
    void recordIsReadIntoMappedBytesWhereverTheyEnd(int position, @TempDir Path dir) throws Exception {
        byte[] content = randomBytes(200_000);
        wal.appendDurable(1, ByteBuffer.wrap(content));
        for (int overlap : new int[] {0, PAGE_BYTES, 64 * 1024}) {
            File file = dir.resolve("file" + overlap).toFile();
            try (MappedBytes bytes = MappedBytes.mappedBytes(file, 64 * 1024, overlap);
                    WalReader reader = wal.reader()) {
                assertThat(reader.next()).isTrue();
                bytes.writePosition(position).readPosition(position);
                BytesReader.of(reader).readInto(bytes);
                assertThat(content(bytes)).isEqualTo(content);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Kind.class,
            names = {"HEAP_ARRAY", "HEAP_BUFFER", "DIRECT_BUFFER", "NATIVE"})
    void targetThatIsTooSmallStaysAsItIs(Kind kind) {
        wal.appendDurable(1, ByteBuffer.wrap(randomBytes(11)));
        Bytes<?> target = make(kind, 10);
        try (WalReader reader = wal.reader()) {
            assertThat(reader.next()).isTrue();
            BytesReader bytesReader = BytesReader.of(reader);
            assertThatThrownBy(() -> bytesReader.readInto(target)).isInstanceOf(BufferOverflowException.class);
        }
        assertThat(target.writePosition()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void releasedBytesAreRefused(Kind kind) {
        Bytes<?> bytes = kind.make.apply(10);
        bytes.write(new byte[] {1, 2, 3});
        bytes.releaseLast();
        assertThatThrownBy(() -> appender.append(1, bytes)).isInstanceOf(ClosedIllegalStateException.class);
        assertThat(wal.lastSequence()).isZero();
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void targetThatWasReleasedIsRefused(Kind kind) {
        wal.appendDurable(1, ByteBuffer.wrap(randomBytes(11)));
        Bytes<?> target = kind.make.apply(20);
        target.releaseLast();
        try (WalReader reader = wal.reader()) {
            assertThat(reader.next()).isTrue();
            BytesReader bytesReader = BytesReader.of(reader);
            assertThatThrownBy(() -> bytesReader.readInto(target))
                    .isInstanceOf(ClosedIllegalStateException.class)
                    .hasMessageContaining("the target was released");
        }
    }

    @Test
    void arrayOfATargetThatWasReleasedIsNotWritten() {
        wal.appendDurable(1, ByteBuffer.wrap(randomBytes(11)));
        byte[] array = new byte[20];
        Bytes<?> target = Bytes.wrapForWrite(array);
        target.releaseLast();
        try (WalReader reader = wal.reader()) {
            assertThat(reader.next()).isTrue();
            BytesReader bytesReader = BytesReader.of(reader);
            assertThatThrownBy(() -> bytesReader.readInto(target)).isInstanceOf(ClosedIllegalStateException.class);
        }
        assertThat(array).containsOnly(0);
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void targetIsNotWrittenPastItsWriteLimit(Kind kind) {
        wal.appendDurable(1, ByteBuffer.wrap(randomBytes(LARGEST_BYTES)));
        Bytes<?> target = make(kind, LARGEST_BYTES);
        target.write(new byte[LARGEST_BYTES]).clear();
        target.writeLimit(LARGEST_BYTES / 2);
        try (WalReader reader = wal.reader()) {
            assertThat(reader.next()).isTrue();
            BytesReader bytesReader = BytesReader.of(reader);
            assertThatThrownBy(() -> bytesReader.readInto(target))
                    .isInstanceOf(BufferOverflowException.class)
                    .hasMessageContaining("payload of 20000 bytes: the target has room for 10000");
        }
        assertThat(target.writePosition()).isZero();
        target.writeLimit(LARGEST_BYTES).writePosition(LARGEST_BYTES);
        assertThat(content(target)).containsOnly(0);
    }

    @Test
    void payloadOfMoreBytesThanAnArrayCanHaveIsRefused(@TempDir Path dir) throws Exception {
        long size = 3L << 30;
        try (MappedBytes bytes =
                MappedBytes.singleMappedBytes(dir.resolve("sparse").toFile(), size)) {
            for (long position : new long[] {0, size - 1_500_000_000, size - 300_000}) {
                bytes.writePosition(size).readPosition(position);
                assertThatThrownBy(() -> appender.append(1, bytes))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("payload of " + (size - position) + " bytes: expected at most "
                                + wal.config().maxPayloadBytes() + " bytes");
            }
        }
        assertThat(wal.lastSequence()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {20, 100, 60_000})
    void payloadInATruncatedMappedFileIsNotAppended(int size, @TempDir Path dir) throws Exception {
        byte[] content = randomBytes(size);
        File file = dir.resolve("mapped").toFile();
        try (MappedBytes bytes = MappedBytes.singleMappedBytes(file, 128 * 1024)) {
            bytes.writeSkip(PAGE_BYTES).write(content).readSkip(PAGE_BYTES);
            // Compiled code reports such a fault later than interpreted code.
            int appends = 200_000_000 / (size + 20_000);
            for (int i = 0; i < appends; i++) {
                appender.append(1, bytes);
            }
            try (RandomAccessFile cut = new RandomAccessFile(file, "rw")) {
                cut.setLength(PAGE_BYTES);
            }
            for (int i = 0; i < 10; i++) {
                assertThatThrownBy(() -> appender.append(1, bytes))
                        .isInstanceOfAny(InternalError.class, IllegalStateException.class);
            }
            assertThat(wal.lastSequence()).isEqualTo(appends);
            assertThat(wal.appendDurable(1, ByteBuffer.wrap(content))).isEqualTo(appends + 1);
        }
        assertThat(readBack()).allSatisfy(payload -> assertThat(payload).isEqualTo(content));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void reusedBytesCauseNoAllocation(Kind kind) {
        Bytes<?> bytes = make(kind, 100);
        bytes.write(randomBytes(100));
        assertThat(leastAllocation(() -> appender.append(1, bytes))).isZero();
        assertThat(leastAllocation(() -> appender.append(1, 5, bytes, Durability.LOSE_UNFORCED)))
                .isZero();
        wal.sync();
        try (WalReader reader = wal.reader()) {
            assertThat(reader.next()).isTrue();
            BytesReader bytesReader = BytesReader.of(reader);
            assertThat(leastAllocation(() -> {
                        bytes.clear();
                        bytesReader.readInto(bytes);
                    }))
                    .isZero();
        }
    }

    /** Returns the bytes that the least of some calls has allocated; other calls may warm up. */
    private static long leastAllocation(Runnable call) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 200; i++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            call.run();
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        return least;
    }

    @Test
    void everyAppendOfTheLogTakesBytes() {
        Bytes<?> bytes = make(Kind.NATIVE_ELASTIC, 8);
        bytes.write(new byte[] {5});
        assertThat(appender.append(1, bytes, Durability.LOSE_UNFORCED)).isEqualTo(1);
        assertThat(appender.appendDurable(2, bytes)).isEqualTo(2);
        assertThat(wal.durableSequence()).isEqualTo(2);
        assertThat(appender.append(3, 77, bytes, Durability.LOSE_NOTHING)).isEqualTo(3);
        assertThat(appender.append(4, 78, bytes, Durability.LOSE_NOTHING)).isEqualTo(4);
        var future = appender.appendAsync(5, bytes);
        bytes.clear();
        assertThat(future.join()).isEqualTo(5);
        try (WalReader reader = wal.reader()) {
            for (int type = 1; type <= 5; type++) {
                assertThat(reader.next()).isTrue();
                assertThat(reader.type()).isEqualTo(type);
                assertThat(reader.groupContinues()).isFalse();
                if (type == 3 || type == 4) {
                    assertThat(reader.timestampNanos()).isEqualTo(74 + type);
                }
            }
        }
        assertThat(readBack())
                .hasSize(5)
                .allSatisfy(payload -> assertThat(payload).containsExactly(5));
    }

    @Test
    void refusedTypeLeavesTheAppenderUsable() {
        Bytes<?> bytes = make(Kind.HEAP_ELASTIC, 8);
        bytes.write(new byte[] {5});
        assertThatThrownBy(() -> appender.append(0, 1, bytes, Durability.LOSE_NOTHING))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("record type 0");
        assertThat(appender.append(1, 1, bytes, Durability.LOSE_NOTHING)).isEqualTo(1);
        assertThat(readBack()).hasSize(1);
    }

    private List<byte[]> readBack() {
        List<byte[]> payloads = new ArrayList<>();
        // A reader returns only durable records.
        wal.sync();
        try (WalReader reader = wal.reader()) {
            while (reader.next()) {
                byte[] payload = new byte[reader.payload().remaining()];
                reader.payload().get(payload);
                payloads.add(payload);
            }
        }
        return payloads;
    }
}
