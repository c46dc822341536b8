package io.veloz.wal.bench.peers.aeron;

import io.aeron.archive.client.AeronArchive;
import io.veloz.wal.bench.log.LogKind;
import io.veloz.wal.bench.log.MeasuredLog;
import java.nio.file.Path;

/** A recorded IPC stream of Aeron Archive. A record is durable when the position that the archive reports has passed it. */
public final class AeronKind implements LogKind {
    /** Not 10 or 20, which are the streams of the archive's own control messages on the same channel. */
    static final int STREAM = 1001;

    @Override
    public String durable() {
        return "the archive's thread; one write and fdatasync for what it finds in the stream (fileSyncLevel=1), into sparse files; "
                + "no checksum (the default)";
    }

    @Override
    public MeasuredLog open(Path directory, Settings settings) {
        Node node = new Node(directory, settings);
        try {
            return new Recording(node, node.archive().addRecordedPublication(node.channel(), STREAM));
        } catch (RuntimeException | Error e) {
            node.close();
            throw e;
        }
    }

    /** Replays every recording over IPC, in the way of a program that starts with a new driver and archive. */
    @Override
    public Replayed replay(Path directory, Settings settings) {
        try (Node node = new Node(directory, settings)) {
            AeronArchive archive = node.archive();
            Replay replay = new Replay(archive, node.channel());
            archive.listRecordingsForUri(
                    0,
                    Integer.MAX_VALUE,
                    "aeron:ipc",
                    STREAM,
                    (controlSession,
                            correlation,
                            recording,
                            startTime,
                            stopTime,
                            start,
                            stop,
                            term,
                            segment,
                            length,
                            mtu,
                            session,
                            stream,
                            stripped,
                            original,
                            source) -> replay.add(recording, start, stop));
            return replay.run();
        }
    }
}
