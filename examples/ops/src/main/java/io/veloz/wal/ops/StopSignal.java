package io.veloz.wal.ops;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Handles SIGINT (Ctrl-C) and SIGTERM. The first signal runs a callback, so that the command can finish and return its exit
 * code. The second signal ends the process immediately. Thread-safe.
 *
 * <p>Uses reflection, because the compiler warns about sun.misc.Signal and Java has no alternative. If it is not available,
 * the first signal ends the process, which is safe for the archive.
 */
final class StopSignal {
    private static final List<String> NAMES = List.of("INT", "TERM");

    private record Installed(Object signal, @Nullable Object previous) {}

    private final Runnable callback;
    private final List<Installed> installed = new ArrayList<>();

    private StopSignal(Runnable callback) {
        this.callback = callback;
    }

    /** Installs the handlers until the first signal or {@link #restore}. */
    static StopSignal listen(Runnable callback) {
        StopSignal stop = new StopSignal(callback);
        NAMES.forEach(stop::install);
        return stop;
    }

    private void install(String name) {
        try {
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object signal = Class.forName("sun.misc.Signal")
                    .getConstructor(String.class)
                    .newInstance(name);
            InvocationHandler invoked = (proxy, method, arguments) -> called(proxy, method, arguments);
            Object handler =
                    Proxy.newProxyInstance(StopSignal.class.getClassLoader(), new Class<?>[] {handlerType}, invoked);
            installed.add(new Installed(signal, handle(signal, handler)));
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Not available in this JVM, or the signal is reserved, as with -Xrs.
            return;
        }
    }

    private @Nullable Object called(Object proxy, Method method, Object @Nullable [] arguments) {
        return switch (method.getName()) {
            case "handle" -> {
                restore();
                callback.run();
                yield null;
            }
            case "hashCode" -> System.identityHashCode(proxy);
            case "equals" -> arguments != null && proxy == arguments[0];
            default -> "stop signal";
        };
    }

    private static @Nullable Object handle(Object signal, @Nullable Object handler)
            throws ReflectiveOperationException {
        Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
        return signal.getClass()
                .getMethod("handle", signal.getClass(), handlerType)
                .invoke(null, signal, handler);
    }

    /** Restores the previous handlers. */
    synchronized void restore() {
        for (Installed one : installed) {
            restore(one);
        }
        installed.clear();
    }

    private static void restore(Installed one) {
        try {
            handle(one.signal(), one.previous());
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Unlikely, because the handler could be installed. The process still ends when its command does.
            return;
        }
    }
}
