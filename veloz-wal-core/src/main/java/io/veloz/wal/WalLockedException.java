package io.veloz.wal;

/** Another process, or another instance in this one, has the log open. The message and {@link #holder()} name it. */
public final class WalLockedException extends WalOpenException {
    private final String holder;

    public WalLockedException(String directory, String holder) {
        super(directory + " is in use by " + holder + "; one process and one instance may write a log at a time", null);
        this.holder = holder;
    }

    /** Process id and host of the owner, as it wrote them when it took the lock. */
    public String holder() {
        return holder;
    }
}
