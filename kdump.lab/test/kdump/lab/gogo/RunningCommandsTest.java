// SPDX-License-Identifier: Apache-2.0
package kdump.lab.gogo;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.felix.service.command.Job;
import org.apache.felix.service.command.Job.Status;
import org.junit.jupiter.api.Test;

/** Which commands Ctrl-C ends. */
class RunningCommandsTest {

    private final RunningCommands running = new RunningCommands();

    private static Job job(Status status, Job parent) {
        return (Job) Proxy.newProxyInstance(Job.class.getClassLoader(), new Class<?>[] {Job.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "status" -> status;
                    case "parent" -> parent;
                    default -> throw new IllegalStateException(method.getName());
                });
    }

    /** Runs a command on a thread of its own; returns whether it was interrupted. */
    private boolean interrupts(Job job) throws Exception {
        var began = new CountDownLatch(1);
        var goesOn = new CountDownLatch(1);
        var interrupted = new boolean[1];
        var thread = new Thread(() -> {
            running.begins(job);
            began.countDown();
            try {
                goesOn.await();
            } catch (InterruptedException e) {
                interrupted[0] = true;
            }
            running.ends();
        });
        thread.start();
        assertThat(began.await(10, TimeUnit.SECONDS)).isTrue();
        boolean any = running.interrupt();
        goesOn.countDown();
        thread.join(10_000);
        assertThat(interrupted[0]).isEqualTo(any);
        return any;
    }

    @Test
    void whatSomebodyWaitsForIsInterrupted() throws Exception {
        assertThat(interrupts(job(Status.Foreground, null))).isTrue();
        assertThat(interrupts(job(Status.Created, job(Status.Foreground, null)))).isTrue();
        assertThat(interrupts(null)).isTrue();
    }

    @Test
    void whatIsInTheBackgroundGoesOn() throws Exception {
        assertThat(interrupts(job(Status.Background, null))).isFalse();
        assertThat(interrupts(job(Status.Foreground, job(Status.Background, null)))).isFalse();
        assertThat(interrupts(job(Status.Suspended, null))).isFalse();
    }

    @Test
    void whatHasEndedIsNotInterruptedAndHearsNothingOfIt() {
        running.begins(job(Status.Foreground, null));
        Thread.currentThread().interrupt();
        running.ends();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(running.interrupt()).isFalse();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }
}
