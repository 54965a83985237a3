// SPDX-License-Identifier: Apache-2.0
package kdump.lab.api;

import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Policies with other settings, under names of their own, for as long as somebody wants them. A
 * service where the framework has a Configuration Admin; thread-safe.
 */
@ProviderType
public interface PolicyVariants {

    /** Variants that are there; not thread-safe. */
    interface Made extends AutoCloseable {

        /** Takes them away; returns when they are gone. */
        @Override
        void close();
    }

    /**
     * Makes variants, which are policies in force when it returns.
     *
     * @param specifications {@code NAME=POLICY,setting=value,...}; a setting of several values is
     *     named as often
     * @throws LabException if one is of no policy, or of one without such a setting, or a value is
     *     not allowed, or a name is taken; none is there then
     */
    Made make(List<String> specifications) throws LabException;
}
