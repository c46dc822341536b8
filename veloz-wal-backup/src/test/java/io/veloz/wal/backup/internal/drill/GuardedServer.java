package io.veloz.wal.backup.internal.drill;

import io.veloz.wal.backup.internal.profile.Profile;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;

/** A guarded server that runs until a signal. Arguments: profile, directory, programs. */
public final class GuardedServer {
    private GuardedServer() {}

    public static void main(String[] args) throws IOException {
        Profile profile = Profile.read(Path.of(args[0]));
        DrillDirectory directory = DrillDirectory.create(Path.of(args[1]), profile, false);
        try (DrillGuard guard = DrillGuard.of(directory)) {
            DrillServer server = DrillServer.create(Path.of(args[2]), directory.server(), profile.drill());
            guard.add(server);
            server.start();
            System.out.println("started");
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            System.out.println("interrupted");
        }
    }
}
