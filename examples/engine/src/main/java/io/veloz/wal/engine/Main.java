package io.veloz.wal.engine;

import io.veloz.wal.WalException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/** The entry point of the example engine. */
public final class Main {
    private Main() {}

    /** Runs the engine until SIGTERM or SIGINT. {@link EngineOptions#USAGE} has the arguments and the exit codes. */
    public static void main(String[] arguments) throws InterruptedException {
        if (List.of(arguments).contains("--help")) {
            System.out.print(EngineOptions.USAGE);
            return;
        }
        int exitCode = start(arguments);
        if (exitCode != 0) {
            System.exit(exitCode);
        }
        // Until a signal runs the shutdown hook.
        new CountDownLatch(1).await();
    }

    private static int start(String[] arguments) {
        EngineOptions options;
        try {
            options = EngineOptions.parse(arguments);
        } catch (IllegalArgumentException e) {
            System.err.println("error: " + e.getMessage());
            System.err.println();
            System.err.print(EngineOptions.USAGE);
            return 64;
        }
        EngineProcess process;
        try {
            process = new EngineProcess(options);
        } catch (UncheckedIOException | IllegalArgumentException e) {
            System.err.println("error: " + e.getMessage());
            return e instanceof UncheckedIOException ? 5 : 64;
        }
        Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(process), "engine-stop"));
        System.out.println("listening on " + process.uri());
        try {
            process.load();
        } catch (WalException e) {
            System.err.println("error: " + e.getMessage());
            return 2;
        }
        System.out.println(process.describe());
        return 0;
    }

    private static void stop(EngineProcess process) {
        try {
            process.close();
            System.out.println("stopped");
        } catch (WalException e) {
            System.err.println("error: " + e.getMessage());
        }
    }
}
