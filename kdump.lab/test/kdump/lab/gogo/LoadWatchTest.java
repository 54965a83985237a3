// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import kdump.lab.api.BundleState;
import kdump.lab.api.Lab;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

class LoadWatchTest {

    private static final BundleState FAILED = new BundleState("policy", "mine", "a.b", "1.0.0",
            BundleState.State.FAILED, "its component throws");

    @TempDir
    Path folder;
    private final AtomicInteger asked = new AtomicInteger();
    private final ByteArrayOutputStream told = new ByteArrayOutputStream();
    private LoadWatch watch;

    @AfterEach
    void end() {
        watch.end();
    }

    private static <T> T fake(Class<T> type, Map<String, Supplier<Object>> answers) {
        return type.cast(Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type},
                (self, method, arguments) -> answers.get(method.getName()).get()));
    }

    private void watch(Supplier<Object> states) {
        file("first.jar");
        BundleContext context = fake(BundleContext.class, Map.of("getBundles",
                () -> new Bundle[0], "getProperty", folder::toString));
        Lab lab = fake(Lab.class, Map.of("bundles", () -> {
            asked.incrementAndGet();
            return states.get();
        }));
        watch = new LoadWatch(context, lab, new PrintStream(told, true));
    }

    private void awaitQuestion(int number) throws InterruptedException {
        for (int i = 0; i < 3000 && asked.get() < number; i++) {
            Thread.sleep(10);
        }
        assertThat(asked).hasValueGreaterThanOrEqualTo(number);
    }

    private void file(String name) {
        try {
            Files.createFile(folder.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void whatIsNotInForceIsToldOnce() throws Exception {
        watch(() -> List.of(FAILED));
        awaitQuestion(1);
        file("another.jar");
        awaitQuestion(2);
        file("a-third.jar");
        awaitQuestion(3);

        assertThat(told).hasToString(
                "lab: policy mine of a.b 1.0.0 is failed: its component throws\n");
    }

    /** As where the lab ends while it is looked at: all that waits for others then is no news. */
    @Test
    void whatWasSeenWhileSomethingChangedIsNotTold() throws Exception {
        watch(() -> {
            if (asked.get() > 1) {
                return List.of();
            }
            file("meanwhile.jar");
            return List.of(FAILED);
        });
        awaitQuestion(2);

        assertThat(told).hasToString("");
    }
}
