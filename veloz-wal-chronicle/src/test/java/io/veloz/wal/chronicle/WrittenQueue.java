package io.veloz.wal.chronicle;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.core.time.SetTimeProvider;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptAppender;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.impl.single.SingleChronicleQueueBuilder;
import net.openhft.chronicle.queue.rollcycles.TestRollCycles;
import net.openhft.chronicle.wire.DocumentContext;

/** A queue that Chronicle Queue writes, with a clock that the test moves. */
final class WrittenQueue implements AutoCloseable {
    static final long FIRST_DAY_MILLIS = TimeUnit.DAYS.toMillis(20_000);

    /** What other tests use for the record types: it depends on the document alone. */
    static final DocumentMapping BY_LENGTH = (index, document) -> 1 + (int) document.readRemaining() % 100;

    private final Path dir;
    private final Random random;
    private final SetTimeProvider clock = new SetTimeProvider();
    private final ChronicleQueue queue;
    private int days;

    WrittenQueue(Path dir, long seed) {
        this.dir = dir;
        this.random = new Random(seed);
        clock.currentTimeMillis(FIRST_DAY_MILLIS);
        this.queue = builder(dir).timeProvider(clock).build();
    }

    static SingleChronicleQueueBuilder builder(Path dir) {
        return SingleChronicleQueueBuilder.binary(dir)
                .rollCycle(TestRollCycles.TEST8_DAILY)
                .testBlockSize();
    }

    ChronicleQueue queue() {
        return queue;
    }

    /** As an import should open it. */
    ChronicleQueue openReadOnly() {
        return builder(dir).readOnly(true).build();
    }

    /** Moves the clock to the next day, so that the next document goes to another file. */
    void nextDay() {
        clock.currentTimeMillis(FIRST_DAY_MILLIS + TimeUnit.DAYS.toMillis(++days));
    }

    /** Documents of the three kinds that programs write: bytes, text, and fields of a wire. */
    void write(int documents) {
        try (ExcerptAppender appender = queue.createAppender()) {
            for (int i = 0; i < documents; i++) {
                byte[] content = new byte[random.nextInt(1, 300)];
                random.nextBytes(content);
                switch (random.nextInt(3)) {
                    case 0 -> appender.writeBytes(Bytes.wrapForRead(content));
                    case 1 -> appender.writeText(HexFormat.of().formatHex(content));
                    default ->
                        appender.writeDocument(wire -> wire.write("number")
                                .int64(content.length)
                                .write("content")
                                .bytes(content));
                }
            }
        }
    }

    /** A document as an import should bring it over, with the index or sequence that it has. */
    record Content(long position, int type, long timestampNanos, String payload) {}

    /** What a tailer of Chronicle Queue reads, in the order of the queue. */
    List<Content> documents() {
        List<Content> documents = new ArrayList<>();
        try (ChronicleQueue reading = openReadOnly();
                ExcerptTailer tailer = reading.createTailer()) {
            while (true) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent()) {
                        return documents;
                    }
                    Bytes<?> bytes = document.wire().bytes();
                    byte[] payload = new byte[(int) bytes.readRemaining()];
                    for (int i = 0; i < payload.length; i++) {
                        // One by one: the bulk read of Chronicle Bytes loses bytes at the end of a mapped chunk.
                        payload[i] = bytes.readByte();
                    }
                    long day = reading.rollCycle().toCycle(document.index());
                    documents.add(new Content(
                            document.index(),
                            1 + payload.length % 100,
                            TimeUnit.DAYS.toNanos(day),
                            HexFormat.of().formatHex(payload)));
                }
            }
        }
    }

    /** The records of a log, with their sequences. */
    static List<Content> records(WalConfig config) {
        List<Content> records = new ArrayList<>();
        try (WalReader reader = WalReader.open(ReadOptions.of(config))) {
            while (reader.next()) {
                byte[] payload = new byte[reader.payload().remaining()];
                reader.payload().get(payload);
                records.add(new Content(
                        reader.sequence(),
                        reader.type(),
                        reader.timestampNanos(),
                        HexFormat.of().formatHex(payload)));
            }
        }
        return records;
    }

    @Override
    public void close() {
        queue.close();
    }
}
