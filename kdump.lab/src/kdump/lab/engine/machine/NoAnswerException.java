// SPDX-License-Identifier: Apache-2.0
package kdump.lab.engine.machine;

import org.osgi.framework.Bundle;
import org.osgi.framework.FrameworkUtil;

/** A stranger's bundle answered null where its interface promises something: it is broken. */
public final class NoAnswerException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private NoAnswerException(String what) {
        super(what);
    }

    /**
     * Returns an answer that is one.
     *
     * @param asked whose bundle is named
     * @param what was asked for, such as "a unit"
     * @throws NoAnswerException if the answer is null
     */
    public static <T> T checked(T answer, Object asked, String what) {
        if (answer == null) {
            Bundle bundle = FrameworkUtil.getBundle(asked.getClass());
            throw new NoAnswerException((bundle == null ? asked.getClass().getName()
                    : "bundle " + bundle.getSymbolicName() + " " + bundle.getVersion())
                    + " broke: it answered null, expected " + what);
        }
        return answer;
    }
}
