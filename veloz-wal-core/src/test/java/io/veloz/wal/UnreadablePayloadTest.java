package io.veloz.wal;

import static io.veloz.wal.fault.Logs.small;
import static io.veloz.wal.fault.Records.payload;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.veloz.wal.fault.HeapStorage;
import io.veloz.wal.fault.Records;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A payload that is unreadable, or changes while it is read, affects no other append. */
@Timeout(60)
class UnreadablePayloadTest {
    private static final int PAGE_BYTES = 4096;
    private static final int WARM_UP_APPENDS = 20_000;

    private final HeapStorage heap = new HeapStorage();

    // ---- concurrent changes of limit and position

    static Stream<ByteBuffer> buffers() {
        return Stream.of(ByteBuffer.allocate(64), ByteBuffer.allocateDirect(64));
    }

    @ParameterizedTest
    @MethodSource("buffers")
    void payloadWhoseLimitChangesWhileItIsAppendedIsWrittenAsALogThatOpens(ByteBuffer shared) throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        Thread changer = new Thread(() -> {
            while (!over.get()) {
                shared.limit(16).limit(64).position(8).position(0);
            }
        });
        changer.start();
        long acked = 0;
        try (Wal wal = Wal.open(small(heap).build())) {
            RecordGroup group = new RecordGroup();
            for (int i = 0; i < 2_000; i++) {
                try {
                    wal.append(1, shared);
                    group.clear();
                    acked = wal.append(group.add(2, shared).add(3, shared));
                } catch (IllegalStateException | IndexOutOfBoundsException e) {
                    // This append was rejected.
                }
            }
            acked = wal.appendDurable(4, payload("of an innocent thread"));
        } finally {
            over.set(true);
            changer.join();
        }
        assertThat(Records.of(heap)).hasSize((int) acked);
    }

    // ---- unreadable memory

    @Test
    @EnabledOnOs({OS.LINUX, OS.MAC})
    void payloadInATruncatedMappedFileFailsOnlyItsOwnAppend(@TempDir Path directory) throws Exception {
        byte[] bytes = "x".repeat(2 * PAGE_BYTES).getBytes(StandardCharsets.ISO_8859_1);
        try (RandomAccessFile file =
                        new RandomAccessFile(directory.resolve("mapped").toFile(), "rw");
                Wal wal = Wal.open(small(heap)
                        .segmentBytes(1 << 20)
                        .maxBatchBytes(1 << 16)
                        .bufferBytes(1 << 17)
                        .build())) {
            file.write(bytes);
            ByteBuffer mapped = file.getChannel().map(FileChannel.MapMode.READ_ONLY, 0, bytes.length);
            ByteBuffer small = mapped.duplicate().position(PAGE_BYTES).limit(PAGE_BYTES + 100);
            // Compiled code reports such a fault later than interpreted code.
            for (int i = 0; i < WARM_UP_APPENDS; i++) {
                wal.append(1, small, Durability.LOSE_UNFORCED);
            }
            file.setLength(0);

            for (ByteBuffer cut : List.of(mapped, small, mapped, small)) {
                assertThatThrownBy(() -> wal.append(1, cut))
                        .isInstanceOfAny(InternalError.class, IllegalStateException.class);
                assertThatThrownBy(() -> wal.append(
                                new RecordGroup().add(1, payload("a")).add(1, cut)))
                        .isInstanceOfAny(InternalError.class, IllegalStateException.class);
            }
            assertThat(wal.appendDurable(1, payload("on"))).isEqualTo(WARM_UP_APPENDS + 1);
            assertThat(wal.stats().failed()).isFalse();
        }
        String whole = "x".repeat(100);
        assertThat(Records.of(heap).values())
                .hasSize(WARM_UP_APPENDS + 1)
                .allMatch(text -> text.equals(whole) || text.equals("on"));
    }

    /** Uses reflection, because arenas need Java 22 and this code runs on Java 17. */
    private static ByteBuffer inArena(String kind, AutoCloseable[] arena) throws Exception {
        Class<?> type = Class.forName("java.lang.foreign.Arena");
        Object opened = type.getMethod(kind).invoke(null);
        arena[0] = (AutoCloseable) opened;
        Object segment = type.getMethod("allocate", long.class).invoke(opened, 64L);
        return (ByteBuffer) Class.forName("java.lang.foreign.MemorySegment")
                .getMethod("asByteBuffer")
                .invoke(segment);
    }

    @Test
    void payloadInAClosedArenaFailsOnlyItsOwnAppend() throws Exception {
        assumeThat(Runtime.version().feature()).isGreaterThanOrEqualTo(22);
        AutoCloseable[] arena = new AutoCloseable[1];
        ByteBuffer closed = inArena("ofShared", arena);
        try (Wal wal = Wal.open(small(heap).build())) {
            wal.appendDurable(1, closed);
            arena[0].close();
            assertThatThrownBy(() -> wal.append(1, closed)).isInstanceOf(IllegalStateException.class);
            assertThatThrownBy(() -> wal.appendAsync(1, closed)).isInstanceOf(IllegalStateException.class);
            assertThat(wal.appendDurable(1, payload("on"))).isEqualTo(2);
        }
    }

    @Test
    void payloadInTheConfinedArenaOfAnotherThreadFailsOnlyItsOwnAppend() throws Exception {
        assumeThat(Runtime.version().feature()).isGreaterThanOrEqualTo(22);
        AutoCloseable[] arena = new AutoCloseable[1];
        ByteBuffer[] confined = new ByteBuffer[1];
        Thread owner = new Thread(() -> {
            try {
                confined[0] = inArena("ofConfined", arena);
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        });
        owner.start();
        owner.join();
        try (Wal wal = Wal.open(small(heap).build())) {
            assertThatThrownBy(() -> wal.append(1, confined[0])).isInstanceOf(RuntimeException.class);
            assertThat(wal.appendDurable(1, payload("on"))).isEqualTo(1);
        }
    }

    @Test
    void readOnlyPayloadIsAppended() {
        try (Wal wal = Wal.open(small(heap).build())) {
            wal.appendDurable(1, payload("read only").asReadOnlyBuffer());
            wal.appendDurable(1, ByteBuffer.allocateDirect(0));
            wal.appendDurable(new RecordGroup().add(1, payload("a")).add(1, payload("longer")));
            wal.appendDurable(new RecordGroup().add(1, payload("b")));
        }
        assertThat(Records.of(heap))
                .containsValues("read only", "", "a", "longer", "b")
                .hasSize(5);
    }
}
