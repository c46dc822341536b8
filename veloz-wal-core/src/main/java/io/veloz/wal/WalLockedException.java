package io.veloz.wal;

/**
 * Another process, or another instance in this process, has the log open. The message and {@link #holder()} name it.
 *
 * <p>Next step: close the log there, or stop that process, and open the log again. Reading does not need the lock.
 */
public final class WalLockedException extends WalOpenException {
    private final String holder;

    public WalLockedException(String directory, String holder) {
        super(directory + " is in use by " + holder + "; one process and one instance may write a log at a time", null);
        this.holder = holder;
    }

    /** Returns the process id and the host of the owner, as it wrote them when it took the lock. */
    public String holder() {
        return holder;
    }
}
