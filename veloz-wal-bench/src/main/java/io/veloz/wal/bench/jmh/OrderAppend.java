package io.veloz.wal.bench.jmh;

import io.veloz.wal.WalConfig;
import io.veloz.wal.bench.log.Growth;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import io.veloz.wal.bench.log.RawGroup;
import io.veloz.wal.bench.process.Directories;
import io.veloz.wal.orders.OrderCodec;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderLog;
import io.veloz.wal.orders.OrderLogConfig;
import io.veloz.wal.orders.OrderNew;
import io.veloz.wal.orders.OrderUpdate;
import io.veloz.wal.orders.Side;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
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
 * Typed order events, in nanoseconds per event: encoded and appended in bursts that fit the buffer, and encoded or decoded
 * alone. The hand-made log appends the same bytes, which were encoded before: it is the floor of encoding and appending.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 3)
@Fork(2)
public class OrderAppend {
    private static final int SEGMENT_BYTES = 64 * 1024 * 1024;
    private static final int MAX_RECORD_BYTES = 1024;
    private static final int ORDERS = 1_024;

    /** More than a burst. */
    private static final int ROOM_BYTES = 1024 * ORDERS;

    private static OrderNew placed(int order) {
        return OrderNew.limit(id(order), "BTC-USDT", Side.BUY, 1.5, 40_000.25);
    }

    private static OrderUpdate accepted(int order) {
        return new OrderUpdate(id(order), "venue-" + order, "ACCEPTED", "", 1_700_000_000_000_000_000L);
    }

    private static String id(int order) {
        return String.format(Locale.ROOT, "order-%08d", order);
    }

    private static ByteBuffer encoded(OrderEvent event) {
        ByteBuffer bytes = new OrderCodec().encode(event);
        return ByteBuffer.allocate(bytes.remaining()).put(bytes).flip().order(ByteOrder.LITTLE_ENDIAN);
    }

    /** An order log with known orders, and one update for each. */
    @State(Scope.Benchmark)
    public static class Log {
        @Param("")
        public String directory = "";

        private Path created = Path.of("");
        private final OrderUpdate[] updates = new OrderUpdate[ORDERS];
        private OrderLog log = Uninitialised.value();

        @Setup
        public void open() throws IOException {
            created = Directories.create(directory, "wal-jmh-");
            WalConfig wal =
                    WalConfig.builder(created).segmentBytes(SEGMENT_BYTES).build();
            // Without checkpoints, which would write the whole store while a burst is measured.
            log = OrderLog.open(OrderLogConfig.builder(wal)
                    .checkpointEveryRecords(0)
                    .checkpointInterval(Duration.ZERO)
                    .build());
            Growth.toFullSegments(log.wal(), SEGMENT_BYTES);
            for (int i = 0; i < ORDERS; i++) {
                log.append(placed(i));
                updates[i] = accepted(i);
            }
        }

        @TearDown
        public void close() throws IOException {
            log.close();
            Directories.delete(created);
        }
    }

    /** The hand-made log with the same events, encoded. */
    @State(Scope.Benchmark)
    public static class Raw {
        @Param("")
        public String directory = "";

        private Path created = Path.of("");
        private final ByteBuffer[] updates = new ByteBuffer[ORDERS];
        private MeasuredLog log = Uninitialised.value();

        @Setup
        public void open() throws Exception {
            created = Directories.create(directory, "wal-jmh-");
            log = new RawGroup().open(created, new LogKind.Settings(SEGMENT_BYTES, MAX_RECORD_BYTES, false));
            for (int i = 0; i < ORDERS; i++) {
                updates[i] = encoded(accepted(i));
            }
        }

        @TearDown
        public void close() throws Exception {
            log.close();
            Directories.delete(created);
        }
    }

    /** An event and its bytes. */
    @State(Scope.Thread)
    public static class Encoding {
        private final OrderCodec codec = new OrderCodec();
        private final OrderUpdate event = accepted(1);
        private final ByteBuffer bytes = encoded(event);
        private final ByteBuffer target = ByteBuffer.allocate(MAX_RECORD_BYTES);
    }

    /** Waits until every event of the previous burst is applied, and makes room for the next one. */
    @State(Scope.Thread)
    public static class AppliedLog {
        @Setup(Level.Invocation)
        public void await(Log state) {
            state.log.awaitApplied(state.log.wal().lastSequence());
            Growth.makeRoom(state.log.wal(), ROOM_BYTES);
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
    @OperationsPerInvocation(ORDERS)
    public long append(Log state, AppliedLog applied) {
        long last = 0;
        for (OrderUpdate update : state.updates) {
            last = state.log.append(update);
        }
        return last;
    }

    @Benchmark
    @OperationsPerInvocation(ORDERS)
    public void rawAppend(Raw state, ForcedRaw forced) throws Exception {
        for (ByteBuffer update : state.updates) {
            state.log.appendBuffered(update.clear());
        }
    }

    @Benchmark
    public ByteBuffer encode(Encoding state) {
        return state.codec.encode(state.event);
    }

    @Benchmark
    public OrderEvent decode(Encoding state) {
        return state.codec.decode(state.event.recordType(), state.bytes.clear());
    }

    /** Copies the bytes of the event into a new array. */
    @Benchmark
    public byte[] rawDecode(Encoding state) {
        byte[] copy = new byte[state.bytes.clear().remaining()];
        state.bytes.get(copy);
        return copy;
    }

    /** Copies the bytes of the encoded event. */
    @Benchmark
    public ByteBuffer rawEncode(Encoding state) {
        return state.target.clear().put(state.bytes.clear());
    }
}
