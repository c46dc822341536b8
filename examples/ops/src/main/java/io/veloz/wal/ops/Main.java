package io.veloz.wal.ops;

/** The entry point of the tool. */
public final class Main {
    private Main() {}

    /** Runs one command and ends the process with its exit code. */
    public static void main(String[] args) {
        UnsafeNotice.silence();
        System.exit(new Tool(Streams.ofProcess()).run(args));
    }
}
