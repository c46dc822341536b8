package io.veloz.wal.ops;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Ctrl-C, or a service manager that asks a process to end. The first time the work is told, and ends the process with its
 * own exit code when it is done; the second time the process ends at once. Any thread may call any method.
 *
 * <p>By name, because the compiler warns of sun.misc.Signal and Java offers nothing else. Where it is not there, the process
 * ends at the first signal: the archive is made for that.
 */
final class StopSignal {
    private static final List<String> NAMES = List.of("INT", "TERM");

    private record Taken(Object signal, @Nullable Object before) {}

    private final Runnable told;
    private final List<Taken> taken = new ArrayList<>();

    private StopSignal(Runnable told) {
        this.told = told;
    }

    /** Until the first one comes, or it is forgotten. */
    static StopSignal listen(Runnable told) {
        StopSignal stop = new StopSignal(told);
        NAMES.forEach(stop::take);
        return stop;
    }

    private void take(String name) {
        try {
            Class<?> handlerType = Class.forName("sun.misc.SignalHandler");
            Object signal = Class.forName("sun.misc.Signal")
                    .getConstructor(String.class)
                    .newInstance(name);
            InvocationHandler invoked = (proxy, method, arguments) -> called(proxy, method, arguments);
            Object handler =
                    Proxy.newProxyInstance(StopSignal.class.getClassLoader(), new Class<?>[] {handlerType}, invoked);
            taken.add(new Taken(signal, handle(signal, handler)));
        } catch (ReflectiveOperationException | RuntimeException e) {
            // Not to be had in this JVM, or the signal belongs to somebody else, as with -Xrs.
            return;
        }
    }

    private @Nullable Object called(Object proxy, Method method, Object @Nullable [] arguments) {
        return switch (method.getName()) {
            case "handle" -> {
                forget();
                told.run();
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

    /** From now on a signal does what it did before. */
    synchronized void forget() {
        for (Taken one : taken) {
            giveBack(one);
        }
        taken.clear();
    }

    private static void giveBack(Taken one) {
        try {
            handle(one.signal(), one.before());
        } catch (ReflectiveOperationException | RuntimeException e) {
            // It could be taken, so it can be given back; if not, the process still ends when its work does.
            return;
        }
    }
}
