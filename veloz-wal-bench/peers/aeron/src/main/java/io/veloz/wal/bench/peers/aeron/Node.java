package io.veloz.wal.bench.peers.aeron;

import io.aeron.Aeron;
import io.aeron.CommonContext;
import io.aeron.archive.Archive;
import io.aeron.archive.ArchiveThreadingMode;
import io.aeron.archive.ArchivingMediaDriver;
import io.aeron.archive.client.AeronArchive;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.veloz.wal.bench.log.LogKind;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.IdleStrategy;

/** An embedded media driver and archive, and a client of both. The driver's files are in memory, as Aeron's users have them. */
final class Node implements AutoCloseable {
    private static final int TERM_BYTES = 16 * 1024 * 1024;
    /** The largest that Aeron allows: a record of the workloads is one fragment. */
    private static final int MTU_BYTES = 65_504;

    private final ArchivingMediaDriver driver;
    private final AeronArchive archive;

    Node(Path directory, LogKind.Settings settings) {
        String aeronDirectory = CommonContext.generateRandomDirName() + "-" + UUID.randomUUID();
        driver = ArchivingMediaDriver.launch(
                new MediaDriver.Context()
                        .aeronDirectoryName(aeronDirectory)
                        .threadingMode(ThreadingMode.SHARED)
                        .sharedIdleStrategy(idle())
                        .dirDeleteOnStart(true)
                        .dirDeleteOnShutdown(true),
                new Archive.Context()
                        .aeronDirectoryName(aeronDirectory)
                        .archiveDir(directory.toFile())
                        .threadingMode(ArchiveThreadingMode.SHARED)
                        .idleStrategySupplier(Node::idle)
                        .segmentFileLength(Math.max(settings.segmentBytes(), TERM_BYTES))
                        .fileSyncLevel(1)
                        .catalogFileSyncLevel(1)
                        .controlChannelEnabled(false)
                        .archiveClientContext(new AeronArchive.Context().controlResponseChannel("aeron:ipc"))
                        .localControlChannel("aeron:ipc")
                        .replicationChannel("aeron:udp?endpoint=localhost:0")
                        .recordingEventsEnabled(false));
        archive = AeronArchive.connect(new AeronArchive.Context()
                .aeron(Aeron.connect(new Aeron.Context().aeronDirectoryName(aeronDirectory)))
                .ownsAeronClient(true)
                .controlRequestChannel("aeron:ipc")
                .controlResponseChannel("aeron:ipc"));
    }

    /** Returns a wait that leaves the few processors to others soon, and still answers within microseconds under load. */
    static IdleStrategy idle() {
        return new BackoffIdleStrategy(20, 50, TimeUnit.MICROSECONDS.toNanos(1), TimeUnit.MICROSECONDS.toNanos(100));
    }

    AeronArchive archive() {
        return archive;
    }

    String channel() {
        return "aeron:ipc?term-length=" + TERM_BYTES + "|mtu=" + MTU_BYTES;
    }

    @Override
    public void close() {
        archive.close();
        driver.close();
    }
}
