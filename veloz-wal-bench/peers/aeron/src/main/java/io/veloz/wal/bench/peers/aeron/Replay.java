package io.veloz.wal.bench.peers.aeron;

import io.aeron.Image;
import io.aeron.Subscription;
import io.aeron.archive.client.AeronArchive;
import io.aeron.logbuffer.FragmentHandler;
import io.veloz.wal.bench.log.LogKind;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.IdleStrategy;

/** Reads recordings from their start to their end through a stream that the archive sends. */
final class Replay {
    private static final int STREAM = 1002;
    private static final int FRAGMENTS = 256;

    private record Part(long recording, long start, long stop) {}

    private final AeronArchive archive;
    private final String channel;
    private final List<Part> parts = new ArrayList<>();
    private long records;
    private long bytes;

    Replay(AeronArchive archive, String channel) {
        this.archive = archive;
        this.channel = channel;
    }

    void add(long recording, long start, long stop) {
        parts.add(new Part(recording, start, stop));
    }

    LogKind.Replayed run() {
        for (Part part : parts) {
            read(part);
        }
        return new LogKind.Replayed(records, bytes);
    }

    private void read(Part part) {
        FragmentHandler handler = (buffer, offset, length, header) -> {
            records++;
            bytes += length;
        };
        try (Subscription subscription =
                archive.replay(part.recording(), part.start(), part.stop() - part.start(), channel, STREAM)) {
            IdleStrategy idle = Node.idle();
            while (!subscription.isConnected()) {
                idle.idle();
            }
            Image image = subscription.imageAtIndex(0);
            while (image.position() < part.stop()) {
                int polled = image.poll(handler, FRAGMENTS);
                if (polled == 0 && image.isClosed()) {
                    throw new IllegalStateException("the replay of recording " + part.recording() + " has ended at "
                            + image.position() + "; expected " + part.stop());
                }
                idle.idle(polled);
            }
        }
    }
}
