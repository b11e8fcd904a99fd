package drssim

// update is PUT: only a name and a description (update page).
func (d *DRS) update(r Request, j *Job) Response {
	c := &checker{}
	top := c.top(r.Body)
	top.only("name", "description")
	name := top.neededText("name")
	c.want(jobName().MatchString(name), "name", "4 to 50 letters, digits, - and _, a letter first")
	description, given := take[string](top, "description", "a string", false)
	c.want(c.goodDescription(description), "description", `at most 256 characters, none of ! = < > ' & " \`)
	if c.refused != nil {
		return d.refuse(*c.refused)
	}
	j.Name = name
	if given {
		j.Description = description
	}
	return d.answer(200, object{})
}

// remove is DELETE. It deletes the record; restored databases stay. No page says
// whether a running job can be deleted; here it can, and the restore continues.
func (d *DRS) remove(j *Job) Response {
	j.Deleted = true
	return d.answer(200, object{})
}

// validateName is POST jobs/name-validation with type offline, which means
// backup migration.
func (d *DRS) validateName(r Request) Response {
	c := &checker{}
	top := c.top(r.Body)
	top.only("name", "type")
	name, kind := top.neededText("name"), top.neededText("type")
	c.want(kind == "" || kind == "offline" || kind == "trans" || kind == "subscription", "type", "trans, subscription or offline")
	c.want(name == "" || jobName().MatchString(name), "name", "4 to 50 letters, digits, - and _, a letter first")
	if c.refused == nil && kind == "offline" && d.nameInUse(name) {
		c.refuse(422, "DRS.M00277", "The task name already exists.")
	}
	if c.refused != nil {
		return d.refuse(*c.refused)
	}
	return d.answer(200, object{"is_valid": true})
}
