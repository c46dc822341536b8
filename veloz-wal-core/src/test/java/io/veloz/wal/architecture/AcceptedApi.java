package io.veloz.wal.architecture;

import static org.assertj.core.api.Assertions.fail;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.GenericDeclaration;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The public API of a module as sorted lines of text, one for each type and each member that a program can use. The file
 * {@code api.txt} in the directory of the module stores the accepted API.
 */
public final class AcceptedApi {
    private static final Path FILE = Path.of("api.txt");
    private static final int MODIFIERS =
            Modifier.PUBLIC | Modifier.PROTECTED | Modifier.STATIC | Modifier.FINAL | Modifier.ABSTRACT;

    private final Path classes;
    private final ModuleDescriptor module;

    private AcceptedApi(Path classes, ModuleDescriptor module) {
        this.classes = classes;
        this.module = module;
    }

    /**
     * Fails if the API differs from the file, and lists the difference. With the system property {@code api.accept} it
     * writes the file instead.
     *
     * @param type any class of the module
     */
    public static void assertAccepted(Class<?> type) throws IOException {
        Path classes = location(type);
        Path descriptor = classes.resolve("module-info.class");
        assumeTrue(Files.exists(descriptor), "the classes were compiled without their module-info");
        List<String> api;
        try (InputStream in = Files.newInputStream(descriptor)) {
            api = new AcceptedApi(classes, ModuleDescriptor.read(in)).lines();
        }
        if (System.getProperty("api.accept") != null) {
            Files.write(FILE, api);
            return;
        }
        List<String> accepted = Files.readAllLines(FILE);
        List<String> difference = new ArrayList<>();
        accepted.stream().filter(line -> !api.contains(line)).forEach(line -> difference.add("- " + line));
        api.stream().filter(line -> !accepted.contains(line)).forEach(line -> difference.add("+ " + line));
        if (!difference.isEmpty()) {
            fail(
                    "The public API differs from %s:%n%s%nIf that is intended, accept it:%nmvn -B test -Dtest=PublicApiTest"
                            + " -Dsurefire.failIfNoSpecifiedTests=false -Dapi.accept=true",
                    FILE.toAbsolutePath(), String.join("\n", difference));
        }
    }

    private static Path location(Class<?> type) {
        try {
            return Path.of(
                    type.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> lines() throws IOException {
        TreeSet<String> lines = new TreeSet<>();
        describeModule(lines);
        for (ModuleDescriptor.Exports exported : module.exports()) {
            if (!exported.isQualified()) {
                for (Class<?> type : types(exported.source())) {
                    describe(type, lines);
                }
            }
        }
        return lines.stream().map(String::stripTrailing).toList();
    }

    private void describeModule(TreeSet<String> lines) {
        String name = "module " + module.name();
        module.exports().stream()
                .filter(exported -> !exported.isQualified())
                .forEach(exported -> lines.add(name + " exports " + exported.source()));
        module.requires().stream()
                .filter(required -> !required.modifiers().contains(ModuleDescriptor.Requires.Modifier.MANDATED))
                .forEach(required -> lines.add(name + " requires " + names(required.modifiers()) + required.name()));
        module.uses().forEach(service -> lines.add(name + " uses " + service));
        module.provides().forEach(provided -> lines.add(name + " provides " + provided.service()));
    }

    private static String names(Set<ModuleDescriptor.Requires.Modifier> modifiers) {
        return modifiers.stream()
                .map(modifier -> modifier.toString().toLowerCase(Locale.ROOT) + " ")
                .sorted()
                .collect(Collectors.joining());
    }

    /** The types of a package that a program can name, also nested ones. */
    private List<Class<?>> types(String packageName) throws IOException {
        List<Class<?>> types = new ArrayList<>();
        try (Stream<Path> files = Files.list(classes.resolve(packageName.replace('.', '/')))) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".class") && !name.equals("package-info.class")) {
                    Class<?> type = load(packageName + "." + name.substring(0, name.length() - ".class".length()));
                    if (isUsable(type)) {
                        types.add(type);
                    }
                }
            }
        }
        return types;
    }

    private static Class<?> load(String name) {
        try {
            return Class.forName(name, false, AcceptedApi.class.getClassLoader());
        } catch (ClassNotFoundException e) {
            throw new IllegalStateException(e);
        }
    }

    private static boolean isUsable(Class<?> type) {
        if (type.isAnonymousClass() || type.isLocalClass() || type.isSynthetic()) {
            return false;
        }
        @Nullable Class<?> outer = type.getDeclaringClass();
        return isUsable(type.getModifiers(), outer) && (outer == null || isUsable(outer));
    }

    /** A protected member can be used by a subclass alone. */
    private static boolean isUsable(int modifiers, @Nullable Class<?> owner) {
        return Modifier.isPublic(modifiers)
                || (Modifier.isProtected(modifiers) && owner != null && !Modifier.isFinal(owner.getModifiers()));
    }

    // ---- one type

    private static void describe(Class<?> type, TreeSet<String> lines) {
        lines.add(type.getName() + ": " + header(type));
        Predicate<Member> isUsable = member -> !member.isSynthetic() && isUsable(member.getModifiers(), type);
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (isUsable.test(constructor)) {
                lines.add(type.getName() + "." + executable(constructor, ""));
            }
        }
        // Members that a hidden superclass passes on belong to the type.
        @Nullable Class<?> from = type;
        while (from != null && (from == type || !isUsable(from))) {
            for (Field field : from.getDeclaredFields()) {
                if (isUsable.test(field)) {
                    lines.add(type.getName() + "." + field.getName() + ": " + modifiers(field)
                            + annotated(field.getAnnotatedType(), field.getGenericType()));
                }
            }
            for (Method method : from.getDeclaredMethods()) {
                if (isUsable.test(method)) {
                    lines.add(type.getName() + "." + executable(method, returned(method)));
                }
            }
            from = from.getSuperclass();
        }
    }

    private static String header(Class<?> type) {
        String kind = type.isAnnotation()
                ? "@interface"
                : type.isInterface() ? "interface" : type.isEnum() ? "enum" : type.isRecord() ? "record" : "class";
        String text = deprecated(type) + Modifier.toString(type.getModifiers() & MODIFIERS & ~abstractOf(type)) + " "
                + (type.isSealed() ? "sealed " : "") + kind + variables(type);
        @Nullable Type superclass = type.getGenericSuperclass();
        if (superclass != null && superclass != Object.class) {
            text += " extends " + superclass.getTypeName();
        }
        Type[] interfaces = type.getGenericInterfaces();
        return text + (interfaces.length == 0 ? "" : " implements " + types(interfaces));
    }

    private static int abstractOf(Class<?> type) {
        return type.isInterface() ? Modifier.ABSTRACT : 0;
    }

    private static String executable(Executable executable, String returned) {
        String name = executable instanceof Constructor<?> ? "<init>" : executable.getName();
        AnnotatedType[] annotated = executable.getAnnotatedParameterTypes();
        Type[] generic = executable.getGenericParameterTypes();
        List<String> parameters = new ArrayList<>();
        for (int i = 0; i < annotated.length; i++) {
            parameters.add(
                    annotated(annotated[i], annotated.length == generic.length ? generic[i] : annotated[i].getType()));
        }
        Type[] thrown = executable.getGenericExceptionTypes();
        return name + "(" + String.join(", ", parameters) + ")" + (executable.isVarArgs() ? "..." : "") + ": "
                + deprecated(executable) + modifiers(executable) + variables(executable) + returned
                + (thrown.length == 0 ? "" : " throws " + types(thrown));
    }

    private static String returned(Method method) {
        return annotated(method.getAnnotatedReturnType(), method.getGenericReturnType())
                + (method.isDefault() ? " default" : "")
                + (method.getDefaultValue() == null ? "" : " = " + method.getDefaultValue());
    }

    private static String annotated(AnnotatedType annotated, Type type) {
        return (annotated.isAnnotationPresent(Nullable.class) ? "@Nullable " : "") + type.getTypeName();
    }

    private static String modifiers(Member member) {
        String text = Modifier.toString(member.getModifiers() & MODIFIERS);
        return text.isEmpty() ? "" : text + " ";
    }

    private static String deprecated(AnnotatedElement element) {
        return element.isAnnotationPresent(Deprecated.class) ? "deprecated " : "";
    }

    private static String variables(GenericDeclaration declaration) {
        TypeVariable<?>[] variables = declaration.getTypeParameters();
        return variables.length == 0
                ? ""
                : Arrays.stream(variables)
                        .map(variable -> variable.getName() + " extends " + types(variable.getBounds()))
                        .collect(Collectors.joining(", ", "<", "> "));
    }

    private static String types(Type[] types) {
        return Arrays.stream(types).map(Type::getTypeName).sorted().collect(Collectors.joining(", "));
    }
}
