-- Version 9: whose voices were copied in a call.
--
-- No column that is added here can hold a sentence.

-- Whether what the agents said was processed, too. Null where there are no figures, because nothing was heard or somebody
-- objected, and of calls of earlier versions.
ALTER TABLE calls ADD COLUMN agent_heard INTEGER
    CHECK (agent_heard IS NULL OR agent_heard IN (0, 1) AND words IS NOT NULL);
